"""What `tulle agent` promises, with real processes: it may die, restart and be replaced, and nothing is lost.

Load is the independent open-loop client's: 200 HTTP requests and 50 gRPC calls a second and 20 TCP streams with
checksums, none retried.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.mesh.meshes import (
    PROGRAMS,
    TULLE,
    Mesh,
    Process,
    failures,
    free_port,
    listens,
    load,
    wait_until,
)
from tests.mesh.test_agent import SERVICE, SLOW, active, children, get, is_alive, words
from tests.mesh.test_faults import Shop

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="an agent for a whole host needs Linux"),
]

NAMES = ("web-v1", "web-v2", "calls", "echo", "door")


class HostMesh(Mesh):
    """A mesh on a host with an agent: `tulle run` joins that."""

    agent: Process

    @property
    def agent_socket(self) -> Path:
        return self.folder / "agent.sock"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "TULLE_AGENT": str(self.agent_socket)}

    def start_agent(self, *options: str) -> Process:
        """Another one, perhaps; it serves when this returns."""
        self.agent = self.spawn(
            "agent",
            *(*TULLE, "agent", "--socket", str(self.agent_socket)),
            *("--state-dir", str(self.folder / "agent")),
            *("--workloads", str(self.folder / "workloads.d")),
            *("--server", f"127.0.0.1:{self.join_port}"),
            *options,
        )
        wait_until(lambda: self.report().get("pid") == self.agent.popen.pid, "the agent answers")
        return self.agent

    def kill_agent(self) -> None:
        self.agent.signal(signal.SIGKILL)
        self.agent.wait()

    def report(self) -> dict[str, Any]:
        done = self.cli("agent", "status", "-o", "json", check=False)
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def carried(self, account: str) -> dict[str, Any]:
        """What the agent says of the workload of an account; empty if it has none."""
        found = [w for w in self.report().get("workloads", ()) if w["account"] == f"test/{account}"]
        return found[0] if found else {}

    def end(self) -> None:
        super().end()
        for pid in envoys(self.folder):  # they outlive their agent, as they should
            line = words(pid)
            memory = f"envoy_shared_memory_{line[line.index('--base-id') + 1]}0"
            os.kill(pid, signal.SIGKILL)
            (Path("/dev/shm") / memory).unlink(missing_ok=True)


def envoys(folder: Path) -> list[int]:
    """Processes of Envoys whose files are in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue
            is_envoy = Path(line[0]).name == "envoy" and str(folder) in " ".join(line)
            if is_envoy and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return sorted(found)


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[HostMesh]:
    mesh = HostMesh(tmp_path)
    try:
        mesh.start_server()
        mesh.start_agent()
        yield mesh
    finally:
        mesh.end()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Five workloads on one host with one agent."""
    shop = Shop(tmp_path_factory.mktemp("host"))
    shop.mesh = mesh = HostMesh(shop.mesh.folder)
    try:
        mesh.start_server()
        mesh.start_agent()
        shop.start_workloads()
        yield shop
    finally:
        mesh.end()


def host_of(shop: Shop) -> HostMesh:
    assert isinstance(shop.mesh, HostMesh)
    return shop.mesh


def carries_all(mesh: HostMesh) -> bool:
    found = mesh.report().get("workloads", ())
    return len(found) == len(NAMES) and all(workload.get("healthy") for workload in found)


def test_one_agent_carries_all_and_holds_little(shop: Shop) -> None:
    mesh = host_of(shop)
    wait_until(lambda: carries_all(mesh), "it carries all five")
    report = mesh.report()

    assert report["memory"] < 30 * 2**20
    assert len(envoys(mesh.folder)) == len(NAMES)
    for workload in report["workloads"]:
        line = " ".join(words(workload["owner"]))
        assert " run " in line
        assert not any(Path(words(pid)[0]).name == "envoy" for pid in children(workload["owner"]))


def test_nothing_is_lost_while_the_agent_is_killed_and_another_goes_on(shop: Shop) -> None:
    mesh = host_of(shop)
    before = envoys(mesh.folder)
    with load(*shop.everything) as result:
        for _ in range(3):
            mesh.kill_agent()
            mesh.start_agent()
            wait_until(lambda: carries_all(mesh), "the new one carries all five")
            for name in NAMES:
                mesh.ready(name)

    assert failures(result) == {}
    assert result["http"]["sent"] >= 5000
    assert envoys(mesh.folder) == before, "the very same proxies"


def test_nothing_is_lost_while_the_agent_is_replaced(shop: Shop) -> None:
    mesh = host_of(shop)
    before = envoys(mesh.folder)
    with load(*shop.everything) as result:
        for _ in range(3):
            old = mesh.agent
            mesh.start_agent("--take-over")
            assert old.wait() == 0
            wait_until(lambda: carries_all(mesh), "the new one carries all five")

    assert failures(result) == {}
    assert envoys(mesh.folder) == before


def test_nothing_is_lost_while_the_agent_restarts_as_systemd_would_have_it(shop: Shop) -> None:
    mesh = host_of(shop)
    with load(*shop.everything) as result:
        mesh.agent.signal(signal.SIGTERM)
        assert mesh.agent.wait() == 0
        mesh.start_agent()
        wait_until(lambda: carries_all(mesh), "the new one carries all five")
        # What it carries on it also keeps up to date.
        mesh.apply("apiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: test}\n"
                   "spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n")  # fmt: skip
        for name in NAMES:
            mesh.ready(name)

    assert failures(result) == {}


def test_nothing_is_lost_while_agent_and_control_plane_are_killed_together(shop: Shop) -> None:
    mesh = host_of(shop)
    with load(*shop.everything) as result:
        mesh.kill_server()
        mesh.kill_agent()
        mesh.start_agent()
        wait_until(lambda: carries_all(mesh), "it goes on from its book")
        mesh.start_server()
        for name in NAMES:
            mesh.ready(name)

    assert failures(result) == {}


def serve(mesh: HostMesh, name: str = "web") -> Process:
    mesh.apply(SERVICE.format(name=name))
    port = free_port()
    process = mesh.run(
        name,
        *("--port", f"http={port}/http"),
        labels=(f"app={name}",),
        command=(*PROGRAMS, "http", str(port), name),
    )
    mesh.ready(name)
    return process


def test_a_killed_run_takes_its_workload_with_it_and_nothing_else(mesh: HostMesh) -> None:
    web = serve(mesh)
    other = serve(mesh, "other")
    (program,) = children(web.popen.pid)
    proxy = mesh.carried("web")["proxyPid"]
    web.signal(signal.SIGKILL)
    web.wait()

    wait_until(lambda: not mesh.workloads("web"), "the mesh forgets it")
    wait_until(lambda: not is_alive(program) and not is_alive(proxy), "program and proxy end")
    assert mesh.carried("web") == {}
    assert mesh.carried("other")["healthy"]
    assert other.popen.poll() is None


def test_a_run_killed_while_no_agent_is_there_is_noticed_by_the_next(mesh: HostMesh) -> None:
    web = serve(mesh)
    proxy = mesh.carried("web")["proxyPid"]
    mesh.kill_agent()
    web.signal(signal.SIGKILL)
    web.wait()
    assert is_alive(proxy)
    mesh.start_agent()

    wait_until(lambda: not mesh.workloads("web"), "the mesh forgets it")
    wait_until(lambda: not is_alive(proxy), "its proxy ends")


def test_a_drain_that_one_agent_began_is_ended_by_the_next(mesh: HostMesh) -> None:
    """A request is in flight; the program itself would drop it, for its signal ends it at once."""
    mesh.apply(SERVICE.format(name="web"))
    port, local = free_port(), free_port()
    web = mesh.run(
        "web",
        *("--port", f"http={port}/http"),
        labels=("app=web",),
        command=(sys.executable, "-c", SLOW, str(port)),
    )
    mesh.ready("web")
    mesh.run("door", "--upstream", f"web:80={local}")
    mesh.ready("door")
    wait_until(lambda: get(local) == "web", "it answers")
    ask = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{local}/slow').read())"
    caller = subprocess.Popen((sys.executable, "-c", ask), stdout=subprocess.PIPE)
    wait_until(lambda: active(mesh, "web"), "the request has arrived")
    web.signal(signal.SIGTERM)
    mesh.kill_agent()
    mesh.start_agent()
    out, _ = caller.communicate(timeout=60)

    assert out == b"b'web'\n"
    assert web.wait() == 9
    wait_until(lambda: not mesh.workloads("web"), "the mesh forgets it")


@pytest.mark.parametrize("code", [0, 3])
def test_the_commands_exit_code_is_returned(mesh: HostMesh, code: int) -> None:
    assert mesh.run("once", command=("/bin/sh", "-c", f"exit {code}")).wait() == code


def test_signals_reach_the_program_and_sigterm_drains_first(mesh: HostMesh) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('usr1', flush=True))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(0.05)"
    )
    process = mesh.run("patient", command=(sys.executable, "-c", code))
    wait_until(lambda: "up\n" in process.text(), "the program runs")
    process.signal(signal.SIGUSR1)
    wait_until(lambda: "usr1\n" in process.text(), "the signal arrives")
    process.signal(signal.SIGTERM)

    assert process.wait() == 9
    assert mesh.carried("patient") == {}


def test_a_run_that_ends_while_no_agent_is_there_ends_as_ever(mesh: HostMesh) -> None:
    process = mesh.run("brief", command=("sleep", "60"))
    mesh.ready("brief")
    mesh.kill_agent()
    process.signal(signal.SIGTERM)

    assert process.wait() == 128 + signal.SIGTERM


def test_the_program_starts_only_when_its_proxy_is_ready(mesh: HostMesh) -> None:
    """As the first thing it does it calls its upstream, and is answered."""
    serve(mesh)
    code = (
        "import os, urllib.request\n"
        "print('answered', urllib.request.urlopen('http://' + os.environ['WEB_ADDR']).read())"
    )
    caller = mesh.run("caller", "--upstream", "web:80", command=(sys.executable, "-c", code))

    assert caller.wait() == 0, caller.text()
    assert "answered b'web" in caller.text()


def test_without_an_agent_that_answers_a_run_is_one_itself(mesh: HostMesh) -> None:
    """The socket is there, and stale: nobody listens."""
    mesh.kill_agent()
    assert stat.S_ISSOCK(mesh.agent_socket.stat().st_mode)
    token = mesh.token("alone")
    alone = mesh.spawn(
        "alone",
        *("env", "-u", "TULLE_AGENT", f"XDG_RUNTIME_DIR={runtime(mesh)}", *TULLE, "run"),
        *("--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token)),
        *("--service-account", "alone", "-n", "test", "--no-agent"),
        *("--state-dir", str(mesh.folder / "state-alone"), "--", "true"),
    )

    assert alone.wait() == 0
    named = mesh.run("named", command=("true",))
    assert named.wait() == 1
    assert "[agent-unreachable]" in named.text()


def runtime(mesh: HostMesh) -> Path:
    """A runtime folder whose agent is the one of the mesh."""
    folder = mesh.folder / "runtime" / "tulle"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "agent.sock"
    if not link.is_symlink():
        link.symlink_to(mesh.agent_socket)
    return folder.parent


def test_two_agents_refuse_each_other(mesh: HostMesh) -> None:
    second = mesh.spawn(
        "second",
        *(*TULLE, "agent", "--socket", str(mesh.folder / "second.sock")),
        *("--state-dir", str(mesh.folder / "agent")),
    )

    assert second.wait() == 1
    assert "[agent-runs-already]" in second.text()


def test_ended_nothing_is_left(mesh: HostMesh) -> None:
    web = serve(mesh)
    (program,) = children(web.popen.pid)
    done = mesh.cli("agent", "end")

    assert "ended" in done.stdout
    assert mesh.agent.wait() == 0
    assert web.wait() == 128 + signal.SIGTERM
    assert not is_alive(program)
    assert envoys(mesh.folder) == []
    assert not mesh.agent_socket.exists()
    assert list((mesh.folder / "agent" / "book").iterdir()) == []
    wait_until(lambda: not mesh.workloads("web"), "the mesh forgets it")


def standing(mesh: HostMesh, name: str) -> tuple[Process, int]:
    """A program nobody of the mesh started."""
    port = free_port()
    process = mesh.spawn(name, *PROGRAMS, "http", str(port), name)
    wait_until(lambda: listens(port), "the program listens")
    return process, port


def declare(mesh: HostMesh, name: str, port: int) -> Path:
    folder = mesh.folder / "workloads.d"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    token = mesh.token(name, f"app={name}")
    file.write_text(
        f"tokenFile: {token}\nnamespace: test\nserviceAccount: {name}\nlabels: {{app: {name}}}\n"
        f"ports: [http={port}/http]\nhealth: http:/\n"
    )
    return file


def test_a_program_that_runs_already_is_put_on_the_mesh_by_a_file(mesh: HostMesh) -> None:
    """And stays there while agents come and go; without its file it is off again, and runs on."""
    mesh.apply(SERVICE.format(name="old"))
    program, port = standing(mesh, "old")
    file = declare(mesh, "old", port)
    mesh.ready("old")
    local = free_port()
    mesh.run("door", "--upstream", f"old:80={local}")
    mesh.ready("door")
    wait_until(lambda: get(local) == "old", "it answers through the mesh")
    with load("--http", f"127.0.0.1:{local}", "--minimum", "1000") as result:
        mesh.kill_agent()
        mesh.start_agent()
        wait_until(lambda: mesh.carried("old").get("healthy"), "the new agent carries it")
    assert failures(result) == {}

    file.unlink()
    mesh.agent.signal(signal.SIGHUP)
    wait_until(lambda: not mesh.workloads("old"), "it leaves the mesh")
    wait_until(lambda: mesh.carried("old") == {}, "the agent carries it no more")
    assert program.popen.poll() is None
    assert get(port) == "old"


def test_an_ill_program_gets_no_traffic_and_status_says_why(mesh: HostMesh) -> None:
    program, port = standing(mesh, "ill")
    declare(mesh, "ill", port)
    mesh.ready("ill")
    program.end()

    wait_until(lambda: not mesh.carried("ill").get("healthy"), "it is found ill")
    assert mesh.carried("ill")["reason"]
    assert "no traffic" in mesh.cli("agent", "status").stdout


NOBODY = ("setpriv", "--reuid=65534", "--regid=1", "--clear-groups")
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be somebody else")


def as_nobody(mesh: HostMesh, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as another user, of the group `daemon`."""
    return subprocess.run(
        (*NOBODY, *TULLE, *arguments),
        env={**mesh.environment, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def open_mesh() -> Iterator[HostMesh]:
    """One in a folder others may enter: the tests' own are their owner's alone."""
    with tempfile.TemporaryDirectory(prefix="tulle-") as folder:
        Path(folder).chmod(0o755)
        mesh = HostMesh(Path(folder))
        try:
            mesh.start_server()
            mesh.start_agent()
            yield mesh
        finally:
            mesh.end()


@ROOT
def test_another_user_is_let_in_by_group_and_gets_what_is_its_own_alone(
    open_mesh: HostMesh,
) -> None:
    mesh = open_mesh
    assert as_nobody(mesh, "agent", "status").returncode == 1, "0600: not even a look"
    mesh.start_agent("--take-over", "--group", "daemon")
    serve(mesh)
    status = as_nobody(mesh, "agent", "status", "-o", "json")
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout).get("workloads", []) == []
    end = as_nobody(mesh, "agent", "end")
    assert end.returncode == 1
    assert "[not-yours]" in end.stderr

    low = as_nobody(mesh, "run", *theirs(mesh), "--upstream", "web:80=443", "--", "true")
    assert low.returncode == 1
    assert "[needs-root]" in low.stderr


@ROOT
def test_a_program_of_another_user_is_carried_by_roots_agent_and_stays_that_users(
    open_mesh: HostMesh,
) -> None:
    again = ("sh", "-c", f"exec {sys.executable} -c ''")
    if subprocess.run((*NOBODY, *again), check=False).returncode:
        pytest.skip("this Python lies in a folder that other users may not enter")
    open_mesh.start_agent("--take-over", "--group", "daemon")
    own = as_nobody(open_mesh, "run", *theirs(open_mesh), "--", "id", "-u")

    assert own.returncode == 0, own.stderr
    assert own.stdout == "65534\n"


def theirs(mesh: HostMesh) -> tuple[str, ...]:
    """What the other user says of its workload; the token is in a file of its own."""
    token = mesh.token("theirs")
    os.chown(token, 65534, 1)
    account = ("--service-account", "theirs", "-n", "test", "--token-file", str(token))
    return ("--server", f"127.0.0.1:{mesh.join_port}", *account)
