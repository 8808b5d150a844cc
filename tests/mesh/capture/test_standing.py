"""A service that runs already, as systemd's do, captured where it runs by the host's agent: nothing of it changes."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import PUPPET, TELL, Field, Puppet, field_of, tables
from tests.mesh.meshes import TULLE, Process, wait_until

pytestmark = pytest.mark.timeout(300)

HELLO = "say=GET / HTTP/1.0\r\n\r\n"
CLOSED = {"closed", "ECONNRESET", "ECONNREFUSED"}
SERVICE = "tulle-test-standing.slice/old.service"


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("s"), "one", "two") as made:
        made.service("old", "http:80:8000")
        made.service("db", "tcp:5432:5432")
        yield made


@pytest.fixture(scope="module")
def db(field: Field) -> Puppet:
    options = ("--no-agent", "--capture", "cgroup", "-p", "tcp=5432/tcp")
    return field.puppet(field.net["two"], "db", *options, serves=("banner:5432",))


class Service:
    """What systemd does for a unit: a control group that is there while the program runs, and only then."""

    def __init__(self, field: Field) -> None:
        trees = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
        self.folder = next(t for t in trees if (t / "cgroup.procs").is_file()) / SERVICE
        self._field = field
        self.puppet = self.start()

    def start(self) -> Puppet:
        self.folder.mkdir(parents=True)
        path = self._field.folder / "old.sock"
        path.unlink(missing_ok=True)
        inside = f'echo $$ > {self.folder}/cgroup.procs; exec "$@"'
        words = ("sh", "-c", inside, "sh", "env", "PUPPET=old", *PUPPET, str(path), "http:8000")
        process = self._field.spawn("old", *self._field.net["one"].entry, *words)
        wait_until(path.exists, "the service listens")
        self.puppet = Puppet("old", process, path, Path())
        return self.puppet

    def stop(self) -> None:
        self.puppet.process.signal(signal.SIGKILL)
        self.puppet.process.wait()
        for folder in (self.folder, self.folder.parent):
            end = time.monotonic() + 10
            while folder.exists() and time.monotonic() < end:
                with contextlib.suppress(OSError):
                    folder.rmdir()


@pytest.fixture(scope="module")
def service(field: Field, db: Puppet) -> Iterator[Service]:
    made = Service(field)
    yield made
    made.stop()


def agent(field: Field) -> Process:
    started = field.spawn(
        "agent",
        *field.net["one"].entry,
        *TULLE,
        "agent",
        *("--socket", str(field.folder / "agent.sock"), "--state-dir", str(field.folder / "host")),
        *("--workloads", str(field.folder / "workloads.d")),
        *("--server", f"{field.net['control'].ipv4}:{field.join_port}"),
    )
    status = ("agent", "status", "--socket", str(field.folder / "agent.sock"))
    wait_until(lambda: field.cli(*status, check=False).returncode == 0, "the agent answers")
    return started


def declare(field: Field) -> Path:
    folder = field.folder / "workloads.d"
    folder.mkdir()
    token = field.token("old", "app=old")
    file = folder / "old.yaml"
    file.write_text(
        f"tokenFile: {token}\nnamespace: test\nserviceAccount: old\nlabels: {{app: old}}\n"
        f"ports: [http=8000/http]\ncapture: cgroup\ncgroup: {SERVICE}\ndrain: 1s\n"
    )
    return file


def works(field: Field, old: Puppet, db: Puppet) -> bool:
    """Its calls and calls to it go through the mesh, by addresses it knows nothing of; past the mesh nobody gets in."""
    return (
        old.tell(field.addresses("db")[0], "5432") == "db ready"
        and "old 8000" in db.curl(f"http://{field.addresses('old')[0]}/")
        and field.net["two"].run(*TELL, HELLO, field.net["one"].ipv4, "8000").stdout.strip()
        in CLOSED
    )


def test_it_is_captured_through_restarts_of_itself_and_of_the_agent_and_let_go_with_its_file(
    field: Field, db: Puppet, service: Service
) -> None:
    file = declare(field)
    first = agent(field)
    field.ready("old")
    wait_until(lambda: works(field, service.puppet, db), "it is captured")
    assert len(tables(field.net["one"])) == 1

    service.stop()
    service.start()
    wait_until(lambda: works(field, service.puppet, db), "started again, it is captured again")

    os.kill(first.popen.pid, signal.SIGKILL)
    first.wait()
    assert works(field, service.puppet, db), "while there is no agent it stays captured"
    second = agent(field)
    wait_until(lambda: works(field, service.puppet, db), "the next agent goes on with it")

    file.unlink()
    second.signal(signal.SIGHUP)
    wait_until(lambda: tables(field.net["one"]) == [], "no rule is left")
    wait_until(lambda: not field.workloads("old"), "it has left the mesh")
    assert "old 8000" in service.puppet.curl("http://127.0.0.1:8000/"), "and it runs on"
    second.end()
