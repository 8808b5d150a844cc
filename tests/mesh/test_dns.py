"""Names of the mesh as programs ask for them: by `dig`, by the C library, with the control plane away."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import Host, network
from tests.mesh.meshes import TULLE, Mesh, Process, free_port, wait_until
from tests.mesh.test_host import HostMesh

pytestmark = pytest.mark.timeout(240)

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: four, namespace: test}
spec: {selector: {app: web}, clusterIP: 10.96.0.4, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: each, namespace: test}
spec: {selector: {app: web}, clusterIP: None, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: test}
spec: {type: ExternalName, externalName: example.test}
---
apiVersion: tulle.dev/v1
kind: ExternalService
metadata: {name: api, namespace: other}
spec: {host: api.example.test, ports: [{port: 443}]}
"""

NAME_SERVER = """
import socket, dns.message, dns.rrset, dns.rcode
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("0.0.0.0", 53))
print("ready", flush=True)
while True:
    data, peer = sock.recvfrom(4096)
    query = dns.message.from_wire(data)
    answer = dns.message.make_response(query)
    name = query.question[0].name
    print(name, flush=True)
    if name.to_text().lower() in ("example.test.", "host.example.test."):
        if query.question[0].rdtype == 1:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.80"))
    else:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    sock.sendto(answer.to_wire(), peer)
"""

BOTH_FAMILIES = """
import socket, sys, dns.message, dns.rcode
# As musl does: both questions at once from one socket; NXDOMAIN to either means "no such host".
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(10)
for number, rdtype in enumerate(("A", "AAAA")):
    query = dns.message.make_query(sys.argv[1], rdtype, id=number)
    sock.sendto(query.to_wire(), ("127.0.0.1", int(sys.argv[2])))
for _ in range(2):
    answer = dns.message.from_wire(sock.recv(4096))
    found = sum(len(one) for one in answer.answer)
    print(("A", "AAAA")[answer.id], dns.rcode.to_text(answer.rcode()), found)
"""


def needs(*tools: str) -> None:
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: `make system` installs them")


def dig(port: int, *words: str) -> str:
    """What `dig` prints of a question, without what changes every time."""
    done = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+time=5", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def short(port: int, *words: str) -> list[str]:
    lines = dig(port, "+short", *words).splitlines()
    return [word for line in lines if not line.startswith(";") for word in line.split()]


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    mesh.start_server()
    try:
        yield mesh
    finally:
        mesh.end()


def resolver(mesh: Mesh, name: str, port: int) -> Process:
    """A proxy alone, which answers DNS."""
    process = mesh.run(name, "--dns", "port", "--dns-port", str(port))
    mesh.ready(name)
    return process


def test_every_kind_of_name_is_answered_to_dig(mesh: Mesh) -> None:
    needs("dig")
    mesh.apply(SERVICES)
    listens = free_port()
    mesh.run(
        "web",
        "--port",
        f"http={listens}/http",
        labels=("app=web",),
        command=(sys.executable, "-m", "http.server", str(listens)),
    )
    (web,) = mesh.ready("web")
    port = free_port()
    resolver(mesh, "asker", port)
    asker = mesh.workloads("asker")[0]["metadata"]["name"]
    v4, v6 = mesh.get("service", "web", "-n", "test")["status"]["virtualAddresses"]

    for name in ("web", "web.test", "WEB.Test.Mesh", "web.test.svc.cluster.local"):
        assert short(port, name) == [v4]
        assert short(port, name, "AAAA") == [v6]
        assert short(port, "+tcp", name) == [v4]
    assert short(port, "-x", v4) == short(port, "-x", v6) == ["web.test.svc.cluster.local."]
    assert short(port, "each") == [web["spec"]["address"]]
    assert short(port, f"{web['metadata']['name']}.each") == [web["spec"]["address"]]
    srv = short(port, "_http._tcp.each.test.mesh", "SRV")
    assert srv[2:] == [str(listens), f"{web['metadata']['name']}.each.test.svc.cluster.local."]
    assert short(port, "api.other")[0].startswith("240.0.")
    assert short(port, "api") == []
    nothing = dig(port, "four.test.mesh", "AAAA")
    assert "status: NOERROR" in nothing
    assert "ANSWER: 0" in nothing
    assert "status: NXDOMAIN" in dig(port, "none.test.mesh")
    assert "status: BADVERS" in dig(port, "+edns=1", "+noednsnegotiation", "web")
    assert "RFC8482" in dig(port, "web", "ANY")
    both = subprocess.run(
        [sys.executable, "-c", BOTH_FAMILIES, "four", str(port)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(both.stdout.splitlines()) == ["A NOERROR 1", "AAAA NOERROR 0"]
    said = mesh.cli("dns", "query", "web", "--from", f"test/{asker}").stdout
    assert f"web. 5 IN A {v4}" in said
    assert "(Service test/web)" in said


def test_names_are_there_when_apply_returns_and_gone_when_their_service_is(mesh: Mesh) -> None:
    needs("dig")
    port = free_port()
    resolver(mesh, "asker", port)
    assert short(port, "web.test.mesh") == []

    mesh.apply(SERVICES)
    assert short(port, "web.test.mesh")

    mesh.cli("delete", "service", "web", "-n", "test")
    wait_until(lambda: short(port, "web.test.mesh") == [], "the name is gone")


def test_a_restarted_agent_answers_while_the_control_plane_is_away(mesh: Mesh) -> None:
    needs("dig")
    mesh.apply(SERVICES)
    port = free_port()
    first = resolver(mesh, "asker", port)
    known = short(port, "web")
    assert known
    mesh.kill_server()
    assert short(port, "web") == known

    first.signal(signal.SIGKILL)
    first.wait()
    assert short(port, "web") == []
    mesh.spawn("again", *first.popen.args)  # type: ignore[misc]

    wait_until(lambda: short(port, "web") == known, "the new agent answers from its files")
    assert "status: NXDOMAIN" in dig(port, "none.test.mesh")


def test_the_next_agent_of_a_host_answers_where_the_killed_one_did(tmp_path: Path) -> None:
    needs("dig")
    mesh = HostMesh(tmp_path)
    try:
        mesh.start_server()
        mesh.start_agent()
        mesh.apply(SERVICES)
        mesh.run("asker", "--dns", "port", command=("sleep", "1000"))
        (asker,) = mesh.ready("asker")
        port = asker["status"]["proxy"]["dnsPort"]
        known = short(port, "web")
        assert known
        mesh.kill_server()
        mesh.kill_agent()
        assert short(port, "web") == []

        mesh.start_agent()

        wait_until(lambda: short(port, "web") == known, "the next agent answers on the same port")
    finally:
        mesh.end()


class Machine:
    """A host of its own with a file of its own, a name server beside it, and a mesh that runs on it."""

    def __init__(self, mesh: Mesh, host: Host, other: Host) -> None:
        self.mesh, self.host = mesh, host
        host.own("/etc")
        self.theirs = f"# by hand\nnameserver {other.ipv4}\nsearch example.test\n"
        self.write(self.theirs)
        server = mesh.spawn("ns", *other.entry, sys.executable, "-c", NAME_SERVER)
        wait_until(lambda: "ready" in server.text(), "the name server listens")
        mesh.server_prefix = host.entry
        mesh.start_server()
        mesh.apply(SERVICES)

    def write(self, text: str) -> None:
        # A host has a file, not a mount point as some containers do.
        self.host.run("sh", "-c", "umount /etc/resolv.conf; cat > /etc/resolv.conf", input=text)

    @property
    def file(self) -> str:
        return self.host.run("cat", "/etc/resolv.conf").stdout

    def run(self, name: str, mode: str, *command: str) -> Process:
        token = self.mesh.token(name)
        return self.mesh.spawn(
            name,
            *self.host.entry,
            *TULLE,
            *("run", "--server", f"127.0.0.1:{self.mesh.join_port}", "--token-file", str(token)),
            *("--service-account", name, "--namespace", "test", "--dns", mode),
            *("--state-dir", str(self.mesh.folder / f"state-{name}"), "--", *command),
        )

    def getent(self, *words: str) -> list[str]:
        done = self.host.run("getent", *words, check=False)
        return [line.split()[0] for line in done.stdout.splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    needs("getent")
    mesh = Mesh(tmp_path)
    with network("vm", "ns", private=True) as net:
        try:
            yield Machine(mesh, net["vm"], net["ns"])
        finally:
            mesh.end()


ASK = """
for name in web web.test web.test.svc.cluster.local four outside.test outside host.example.test host; do
  echo "$name $(getent ahosts $name | awk '{print $1}' | sort -u | tr '\\n' ' ')"
done
grep -v '^#' /etc/resolv.conf
echo done
sleep 1000
"""


def test_a_program_with_a_file_of_its_own_finds_names_of_the_mesh_and_all_others(
    machine: Machine,
) -> None:
    program = machine.run("program", "resolv-conf", "sh", "-c", ASK)
    wait_until(lambda: "\ndone" in program.text(), "the program has asked")
    said = dict(re.findall(r"^(\S+) (.*?) *$", program.text(), flags=re.MULTILINE))
    addresses = machine.mesh.get("service", "web", "-n", "test")["status"]["virtualAddresses"]

    for name in ("web", "web.test", "web.test.svc.cluster.local"):
        assert set(said[name].split()) == set(addresses), program.text()
    assert said["four"] == "10.96.0.4"
    for name in ("outside", "outside.test", "host.example.test", "host"):
        assert said[name] == "192.0.2.80", program.text()
    assert said["search"] == "test.svc.cluster.local svc.cluster.local example.test"
    assert machine.file == machine.theirs
    assert machine.getent("ahostsv4", "web.test.mesh.") == []


def test_the_hosts_file_is_ours_meanwhile_and_as_it_was_after_an_end_and_after_a_kill(
    machine: Machine,
) -> None:
    first = machine.run("first", "host")
    wait_until(lambda: machine.file != machine.theirs, "the file is ours")
    assert machine.getent("ahostsv4", "web.test")
    assert set(machine.getent("ahostsv4", "host")) == {"192.0.2.80"}
    first.signal(signal.SIGTERM)
    first.wait()
    assert machine.file == machine.theirs

    second = machine.run("second", "host")
    wait_until(lambda: machine.file != machine.theirs, "the file is ours again")
    second.signal(signal.SIGKILL)
    second.wait()
    assert machine.file != machine.theirs
    assert "as it was before" in machine.host.run(*TULLE, "dns", "restore").stdout
    assert machine.file == machine.theirs
    assert "none of ours" in machine.host.run(*TULLE, "dns", "restore").stdout
