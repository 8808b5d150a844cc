"""Scope `Used`: a captured program's proxy knows what the program has asked for, and nothing else."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import Field, Puppet, field_of
from tests.mesh.meshes import wait_until

pytestmark = pytest.mark.timeout(300)

MESH = """
apiVersion: tulle.dev/v1
kind: Mesh
metadata: {name: default}
spec: {scope: Used}
"""


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    with field_of(tmp_path, "here") as found:
        found.cli("apply", "-f", "-", stdin=MESH)
        yield found


def known(field: Field, puppet: Puppet) -> set[str]:
    """The services whose listeners the puppet's proxy has."""
    name = field.workloads(puppet.name)[0]["metadata"]["name"]
    dump = field.cli("proxy", "config", f"test/{name}", "-o", "json").stdout
    return {word.split(":")[1] for word in dump.split('"') if word.startswith("virtual:")}


def test_a_service_costs_a_proxy_nothing_before_its_program_asks_for_it(field: Field) -> None:
    here = field.net["here"]
    for name in ("web", "other"):
        field.service(name, "http:80:8080" if name == "web" else "http:80:8081")
    field.puppet(
        here, "web", "--capture", "cgroup", "--port", "http=8080/http", serves=("http:8080",)
    )
    caller = field.puppet(here, "caller", "--capture", "cgroup")
    assert known(field, caller) == set()

    # The very first request works: its name is answered when the proxy is ready for it.
    assert caller.curl("http://web.test/") == "web 8080 / host=web.test"
    assert known(field, caller) == {"test/web"}
    used = field.workloads("caller")[0]["status"]["proxy"]["used"]
    assert used == [{"service": "web", "namespace": "test"}]

    field.kill_server()
    assert caller.curl("http://web.test/again") == "web 8080 /again host=web.test"
    # Answered at once: nobody could tell the proxy now.
    v4 = caller.do("getent", "ahostsv4", "other.test").split()[0]
    assert v4.startswith("240.0.")

    field.begin()
    wait_until(lambda: known(field, caller) == {"test/other", "test/web"}, "it is told afterwards")


def test_a_restarted_agent_remembers_what_was_asked_for(field: Field) -> None:
    here = field.net["here"]
    field.service("web", "http:80:8080")
    field.puppet(
        here, "web", "--capture", "cgroup", "--port", "http=8080/http", serves=("http:8080",)
    )
    caller = field.puppet(here, "caller", "--capture", "cgroup")
    assert caller.curl("http://web.test/") == "web 8080 / host=web.test"
    field.kill_server()
    caller.process.signal(signal.SIGKILL)
    caller.process.wait()
    caller.socket.unlink()

    again = field.spawn("again", *caller.process.popen.args)  # type: ignore[misc]
    wait_until(caller.socket.exists, "the program runs again")
    assert caller.curl("http://web.test/") == "web 8080 / host=web.test", again.text()
