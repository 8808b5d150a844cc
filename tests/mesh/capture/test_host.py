"""Many captured programs behind one agent of the host, which comes and goes while they run."""

import os
import signal
from collections.abc import Iterator

import pytest
from tests.mesh.capture.field import TELL, Field, Puppet, field_of, tables
from tests.mesh.meshes import Process, wait_until

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

HELLO = "say=GET / HTTP/1.0\r\n\r\n"
CLOSED = {"closed", "ECONNRESET", "ECONNREFUSED"}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "one", "two") as made:
        made.service("web", "http:80:8000")
        made.service("db", "tcp:5432:5432")
        made.stranger(made.net["two"], "outside", "banner:7000")
        yield made


@pytest.fixture(scope="module")
def first(field: Field) -> Process:
    return field.agent(field.net["one"])


@pytest.fixture(scope="module")
def programs(field: Field, first: Process) -> list[Puppet]:
    joined = ("--agent", str(field.folder / "agent.sock"), "--capture", "cgroup")
    one = field.net["one"]
    return [
        field.puppet(one, "web", *joined, "-p", "http=8000/http", serves=("http:8000",)),
        field.puppet(one, "db", *joined, "-p", "tcp=5432/tcp", serves=("banner:5432",)),
    ]


def works(field: Field, web: Puppet, db: Puppet) -> bool:
    """Both ways through the mesh, out of it, and nobody gets in past it."""
    outside = field.net["two"].ipv4
    return (
        web.tell(field.addresses("db")[0], "5432") == "db ready"
        and "web 8000" in db.curl(f"http://{field.addresses('web')[0]}/")
        and web.tell(outside, "7000") == "outside ready"
        and field.net["one"].run(*TELL, HELLO, "127.0.0.1", "8000").stdout.strip() in CLOSED
        and db.tell(HELLO, "127.0.0.1", "8000") in CLOSED
    )


def test_several_programs_of_one_host_are_captured_each_by_its_own_rules(
    field: Field, programs: list[Puppet]
) -> None:
    web, db = programs
    field.settled()

    assert len(tables(field.net["one"])) == 2
    assert {one["state"] for one in field.captures(field.net["one"]).values()} == {"active"}
    wait_until(lambda: works(field, web, db), "both are captured and reach each other")


def test_while_the_agent_is_dead_everything_goes_on_and_the_next_one_takes_over(
    field: Field, first: Process, programs: list[Puppet]
) -> None:
    web, db = programs
    before = sorted(tables(field.net["one"]))
    os.kill(first.popen.pid, signal.SIGKILL)
    first.wait()

    assert works(field, web, db)
    shown = field.captures(field.net["one"]).values()
    assert {one["state"] for one in shown} == {"unattended"}
    for name in field.captures(field.net["one"]):
        cleaned = field.capture(field.net["one"], "clean", "--workload", name)
        assert cleaned.stdout == "nothing to clean\n"
    second = field.agent(field.net["one"])
    wait_until(
        lambda: {one["state"] for one in field.captures(field.net["one"]).values()} == {"active"},
        "the next agent has taken over",
    )
    assert sorted(tables(field.net["one"])) == before
    assert works(field, web, db)

    for program in programs:
        program.process.signal(signal.SIGTERM)
    for program in programs:
        program.process.wait()
    wait_until(lambda: tables(field.net["one"]) == [], "no table is left")
    wait_until(lambda: field.captures(field.net["one"]) == {}, "no record is left")
    second.end()
