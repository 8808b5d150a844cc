"""What `tulle run` promises, with real processes: a control plane, agents, Envoys, programs."""

import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, Process, free_port, wait_until

pytestmark = pytest.mark.timeout(180)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: test}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
"""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    mesh.start_server()
    try:
        yield mesh
    finally:
        mesh.end()


def serve(mesh: Mesh, name: str, *options: str, program: tuple[str, ...] = ()) -> Process:
    """A workload that answers HTTP with its name, behind a Service of that name."""
    mesh.apply(SERVICE.format(name=name))
    port = free_port()
    command = program or (*PROGRAMS, "http", str(port), name)
    process = mesh.run(
        name,
        *("--port", f"http={port}/http"),
        *options,
        labels=(f"app={name}",),
        command=tuple(word.replace("PORT_HERE", str(port)) for word in command),
    )
    mesh.ready(name)
    return process


def door(mesh: Mesh, to: str, name: str = "door") -> tuple[Process, int]:
    """A proxy alone, and its loopback port that leads to a Service."""
    port = free_port()
    process = mesh.run(name, "--upstream", f"{to}:80={port}")
    mesh.ready(name)
    wait_until(lambda: get(port) == to, f"{to} answers through {name}")
    return process, port


def get(port: int, path: str = "/") -> str:
    """What a GET is answered, "" if it is not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return str(answer.read().decode().strip())
    except (urllib.error.URLError, OSError):
        return ""


def envoy_of(agent: Process) -> int:
    """The process of an agent's Envoy."""
    pids = [pid for pid in children(agent.popen.pid) if Path(words(pid)[0]).name == "envoy"]
    assert len(pids) == 1
    return pids[0]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_the_command_starts_only_when_its_proxy_is_ready(mesh: Mesh) -> None:
    """As the first thing it does it calls its upstream, and is answered."""
    serve(mesh, "web")
    code = (
        "import os, urllib.request\n"
        "print('answered', urllib.request.urlopen('http://' + os.environ['WEB_ADDR']).read())"
    )
    caller = mesh.run("caller", "--upstream", "web:80", command=(sys.executable, "-c", code))

    assert caller.wait() == 0, caller.text()
    assert "answered b'web" in caller.text()


@pytest.mark.parametrize("code", [0, 3])
def test_the_commands_exit_code_is_returned(mesh: Mesh, code: int) -> None:
    assert mesh.run("once", command=("/bin/sh", "-c", f"exit {code}")).wait() == code


def test_a_command_that_does_not_exist_leaves_the_token_unspent(mesh: Mesh) -> None:
    token = mesh.token("nope")
    base = (*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token))
    account = ("--service-account", "nope", "-n", "test", "--state-dir", str(mesh.folder / "s"))
    wrong = mesh.spawn("wrong", *base, *account, "--", "no-such-command")
    assert wrong.wait() == 127
    assert "[command-missing]" in wrong.text()

    assert mesh.spawn("right", *base, *account, "--", "true").wait() == 0


SLOW = """
import http.server, signal, sys, time
class Slow(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        time.sleep(2 if self.path == "/slow" else 0)
        self.send_response(200)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"web")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Slow)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
server.serve_forever()
"""


def test_a_request_in_flight_is_answered_before_sigterm_reaches_the_program(mesh: Mesh) -> None:
    """The program itself would drop it: its signal ends it at once."""
    web = serve(mesh, "web", program=(sys.executable, "-c", SLOW, "PORT_HERE"))
    _, port = door(mesh, "web")
    caller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{port}/slow').read())",
        ],
        stdout=subprocess.PIPE,
    )
    wait_until(lambda: active(mesh, "web"), "the request has arrived")
    web.signal(signal.SIGTERM)
    out, _ = caller.communicate(timeout=30)

    assert out == b"b'web'\n"
    assert web.wait() == 9


def active(mesh: Mesh, name: str) -> bool:
    """Whether a caller is connected to the workload's proxy and it to the program."""
    import http.client
    import socket

    class OverUnix(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(mesh.folder / f"state-{name}" / "admin.sock"))

    connection = OverUnix("envoy")
    connection.request("GET", "/stats?filter=inbound-mtls.downstream_cx_active")
    text = connection.getresponse().read().decode()
    connection.close()
    return any(line.endswith(": 1") for line in text.splitlines())


@LINUX
def test_a_killed_envoy_is_back_and_serves_while_the_control_plane_is_dead(mesh: Mesh) -> None:
    web = serve(mesh, "web")
    entrance, port = door(mesh, "web")
    mesh.kill_server()
    for agent in (web, entrance):
        envoy = envoy_of(agent)
        os.kill(envoy, signal.SIGKILL)
        wait_until(lambda agent=agent, envoy=envoy: is_new(agent, envoy), "Envoy is back")
        wait_until(lambda: get(port) == "web", "it serves again")

    assert "Envoy ended with 137; starting it again" in web.text()


def is_new(agent: Process, envoy: int) -> bool:
    return any(
        pid != envoy and Path(words(pid)[0]).name == "envoy" for pid in children(agent.popen.pid)
    )


@LINUX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_agent_serves_while_the_control_plane_is_dead(
    mesh: Mesh, number: signal.Signals
) -> None:
    serve(mesh, "web")
    entrance, port = door(mesh, "web")
    mesh.kill_server()
    entrance.signal(number)
    entrance.wait()
    assert get(port) == ""

    again = mesh.spawn(
        "again",
        *(*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--service-account", "door"),
        *("--namespace", "test", "--state-dir", str(mesh.folder / "state-door")),
        *("--upstream", f"web:80={port}"),
    )

    wait_until(lambda: get(port) == "web", "it serves from what it kept")
    wait_until(lambda: "of last time" in again.text(), "it says so")


@LINUX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_agent_is_the_same_workload_and_needs_no_new_token(
    mesh: Mesh, number: signal.Signals
) -> None:
    serve(mesh, "web")
    entrance, port = door(mesh, "web")
    (before,) = mesh.ready("door")
    entrance.signal(number)
    entrance.wait()
    mesh.spawn(
        "again",
        *(*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--service-account", "door"),
        *("--namespace", "test", "--state-dir", str(mesh.folder / "state-door")),
        *("--upstream", f"web:80={port}"),
    )
    wait_until(lambda: get(port) == "web", "it serves again")
    (after,) = mesh.ready("door")

    assert after["metadata"]["name"] == before["metadata"]["name"]


@LINUX
def test_nothing_survives_an_agent_that_is_killed(mesh: Mesh) -> None:
    web = serve(mesh, "web")
    pids = children(web.popen.pid)
    assert len(pids) == 2
    web.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(is_alive, pids)), "Envoy and the program end with it")


@LINUX
def test_keys_are_in_one_file_of_their_owner_and_nowhere_else(mesh: Mesh) -> None:
    serve(mesh, "web")
    _, _ = door(mesh, "web")
    for name in ("web", "door"):
        state = mesh.folder / f"state-{name}"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        files = [path for path in state.iterdir() if path.is_file()]
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
        holding = [path.name for path in files if b"PRIVATE KEY" in path.read_bytes()]
        assert holding == ["identity.json"]
    key = next(
        line
        for line in (mesh.folder / "state-web" / "identity.json").read_text().split("\\n")
        if len(line) == 64
    )
    store = [p for p in (mesh.folder / "data").rglob("*") if p.is_file()]
    assert store
    assert not any(key.encode() in path.read_bytes() for path in store)


def test_two_agents_do_not_share_a_folder(mesh: Mesh) -> None:
    serve(mesh, "web")
    second = mesh.spawn(
        "second",
        *(*TULLE, "run", "--server", f"127.0.0.1:{mesh.join_port}", "--service-account", "web"),
        *("--namespace", "test", "--state-dir", str(mesh.folder / "state-web")),
    )

    assert second.wait() == 1
    assert "[state-dir-in-use]" in second.text()


def test_signals_the_agent_has_no_use_for_reach_the_program(mesh: Mesh) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(11))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)"
    )
    process = mesh.run("patient", command=(sys.executable, "-c", code))
    wait_until(lambda: "up\n" in process.text(), "the program runs")
    process.signal(signal.SIGUSR1)

    assert process.wait() == 11
