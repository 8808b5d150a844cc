"""A machine that gets Tulle as a service and loses it again: a network namespace with folders of its own.

systemd is not there to start the service, so it is started as the unit says, with the rights and the file system the
unit leaves it.
"""

import contextlib
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import Host, network
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, Process

pytestmark = pytest.mark.timeout(240)

FOLDERS = ("/etc", "/var/lib", "/run")
"""What a machine has of its own here, and what is compared."""

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""

SANDBOX = """
set -e
mkdir -m 755 /run/tulle; mkdir -m 700 /var/lib/tulle
for folder in /usr /boot /etc; do mount --bind $folder $folder; mount -o remount,bind,ro $folder; done
set -a; . /etc/tulle/agent.env; set +a
exec setpriv --no-new-privs --inh-caps=-all --bounding-set "$1" -- $2
"""
"""ProtectSystem=full, the folders of the unit, its settings, and the rights it is left."""


NO_RIGHTS = """
set -e
for folder in /run/tulle-server /var/lib/tulle-server; do mkdir -m 700 $folder; mount --bind $folder $folder; done
mount --bind / /; mount -o remount,bind,ro /
mount -o remount,bind,ro /etc
set -a; . /etc/tulle/server.env; set +a
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- $1
"""
"""The same for the control plane: nothing may be written but its own folders, and it has no right left."""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        yield mesh
    finally:
        mesh.end()


@pytest.fixture
def machine() -> Iterator[Host]:
    with network("vm", private=True) as net:
        vm = net["vm"]
        for folder in FOLDERS:
            vm.own(folder, copy=folder == "/etc")
        vm.run("mkdir", "/run/mount")  # mount(8) would, for what the sandbox mounts
        yield vm


def tree(host: Host) -> list[str]:
    """Everything in the machine's folders: kind, mode and name."""
    done = host.run("find", *FOLDERS, "-mindepth", "1", "-printf", "%y %m %p %l\n")
    return sorted(done.stdout.splitlines())


def tulle(mesh: Mesh, host: Host, *words: str) -> str:
    done = mesh.spawn("tulle", *host.entry, *TULLE, *words)
    assert done.wait() == 0, done.text()
    return done.text()


def directive(unit: str, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", unit, re.MULTILINE)
    assert found, name
    return found[1]


def start_agent(mesh: Mesh, host: Host) -> Process:
    """The service, as its unit says; it has said that it is ready when this returns."""
    unit = host.run("cat", "/etc/systemd/system/tulle-agent.service").stdout
    rights = directive(unit, "CapabilityBoundingSet").lower().replace("cap_", "+").split()
    path = mesh.folder / "notify.sock"
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notified:
        notified.bind(str(path))
        notified.settimeout(30)
        agent = mesh.spawn(
            "agent", *host.entry, "env", f"NOTIFY_SOCKET={path}", "unshare", "--mount",
            "sh", "-c", SANDBOX, "sandbox", ",".join(["-all", *rights]), directive(unit, "ExecStart"),
        )  # fmt: skip
        try:
            assert notified.recv(4096).startswith(b"READY=1")
        except TimeoutError:
            raise AssertionError(agent.text()) from None
    return agent


def test_the_control_plane_needs_no_right_and_is_found_by_commands(
    mesh: Mesh, machine: Host
) -> None:
    tulle(
        mesh, machine, "install", "host", "--server", "--listen", "127.0.0.1", "--no-start",
        "--python", "/opt/python",
    )  # fmt: skip
    unit = machine.run("cat", "/etc/systemd/system/tulle-server.service").stdout
    assert directive(unit, "CapabilityBoundingSet") == ""
    start = directive(unit, "ExecStart").replace("/opt/python", sys.executable)
    start = start.replace("%S", "/var/lib").replace("%t", "/run")
    path = mesh.folder / "notify.sock"
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notified:
        notified.bind(str(path))
        notified.settimeout(30)
        server = mesh.spawn(
            "server", *machine.entry, "env", f"NOTIFY_SOCKET={path}", "unshare", "--mount",
            "sh", "-c", NO_RIGHTS, "sandbox", f"{start} --api-address 127.0.0.1:0",
        )  # fmt: skip
        try:
            assert notified.recv(4096).startswith(b"READY=1")
        except TimeoutError:
            raise AssertionError(server.text()) from None
        # Nobody names a socket: commands of root look where the service has it.
        found = machine.run("env", "-u", "TULLE_SERVER", *TULLE, "store", "check").stdout
        assert "key and certificate belong together" in found
        server.popen.terminate()
        assert notified.recv(4096).startswith(b"STOPPING=1")
    assert server.wait() == 0, server.text()


def run(mesh: Mesh, host: Host, name: str, *words: str) -> Process:
    """`tulle run`, joining the agent of the host."""
    token = mesh.token(name, f"app={name}")
    return mesh.spawn(
        name, *host.entry, *TULLE, "run", "--token-file", str(token), "--service-account", name,
        "--server", f"127.0.0.1:{mesh.join_port}", "--namespace", "test", "--label", f"app={name}",
        "--address", host.ipv4, "--state-dir", str(mesh.folder / f"state-{name}"), *words,
    )  # fmt: skip


def test_a_machine_is_as_it_was_after_uninstalling_from_it(mesh: Mesh, machine: Host) -> None:
    before = tree(machine)
    mesh.server_prefix = machine.entry
    mesh.start_server()
    mesh.apply(SERVICE)

    said = tulle(mesh, machine, "install", "host", "--join", f"127.0.0.1:{mesh.join_port}")
    assert "systemd does not run here" in said
    agent = start_agent(mesh, machine)
    listens = (*PROGRAMS, "http", "8080", "hello")
    web = run(
        mesh, machine, "web", "--port", "http=8080/http", "--capture", "cgroup", "--", *listens
    )
    mesh.ready("web")
    ask = "import urllib.request as u; print(u.urlopen('http://web/', timeout=20).read())"
    asker = run(mesh, machine, "asker", "--capture", "cgroup", "--", sys.executable, "-c", ask)
    assert asker.wait() == 0, asker.text() + agent.text()
    assert "b'hello" in asker.text()
    assert "web" in tulle(mesh, machine, "capture", "show")

    said = tulle(mesh, machine, "uninstall", "host", "--purge")

    assert "tulle agent end: done" in said
    assert agent.wait() == 0, agent.text()
    web.wait()
    assert set(tree(machine)) ^ set(before) == set(), "nothing is left in the file system"
    assert "tulle" not in machine.run("nft", "list", "tables").stdout
    cgroups = [path for path in Path("/sys/fs/cgroup").glob("**/tulle") if path.is_dir()]
    assert not any(any(folder.iterdir()) and machine_has(machine, folder) for folder in cgroups)


def machine_has(host: Host, folder: Path) -> bool:
    """Whether a process of the machine is in a control group below a folder."""
    inside = {int(pid) for file in folder.rglob("cgroup.procs") for pid in file.read_text().split()}
    return bool(inside & set(host.pids()))
