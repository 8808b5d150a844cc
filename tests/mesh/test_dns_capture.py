"""Captured programs ask whom they please for names, and are answered by their agent."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import Host, network
from tests.mesh.meshes import PROGRAMS, TULLE, Mesh, Process, wait_until
from tests.mesh.test_dns import NAME_SERVER

pytestmark = pytest.mark.timeout(240)

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: each, namespace: test}
spec: {selector: {app: web}, clusterIP: None, ports: [{name: http, port: 8080, targetPort: http}]}
"""

ASK = """
import socket, sys, urllib.request
# A name server that is not there: what answers is not it.
import dns.message, dns.query
for how in (dns.query.udp, dns.query.tcp):
    query = dns.message.make_query("web", "A")
    print(how.__name__, how(query, sys.argv[1], timeout=10).answer[0][0], flush=True)
for url in sys.argv[2:]:
    print("got", url, urllib.request.urlopen(url, timeout=20).read(), flush=True)
"""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path)
    try:
        yield mesh
    finally:
        mesh.end()


def resolv_conf(host: Host, text: str) -> None:
    host.own("/etc")
    host.run("sh", "-c", "umount /etc/resolv.conf; cat > /etc/resolv.conf", input=text)


def run(mesh: Mesh, host: Host, name: str, *words: str) -> Process:
    """`tulle run`, in a host."""
    labels = (f"app={name}",)
    token = mesh.token(name, *labels)
    return mesh.spawn(
        name,
        *host.entry,
        *TULLE,
        *("run", "--server", f"127.0.0.1:{mesh.join_port}", "--token-file", str(token)),
        *("--service-account", name, "--namespace", "test", "--label", labels[0]),
        *("--state-dir", str(mesh.folder / f"state-{name}"), "--address", host.ipv4),
        *words,
    )


def test_a_captured_program_finds_the_mesh_by_name_with_nothing_changed(mesh: Mesh) -> None:
    with network("vm", private=True) as net:
        vm = net["vm"]
        nowhere = "10.77.0.99"
        resolv_conf(vm, f"nameserver {nowhere}\n")
        mesh.server_prefix = vm.entry
        mesh.start_server()
        mesh.apply(SERVICES)
        listens = (*PROGRAMS, "http", "8080", "hello")
        run(mesh, vm, "web", "--port", "http=8080/http", "--capture", "cgroup", "--", *listens)
        mesh.ready("web")

        urls = ("http://web/", "http://web.test/", "http://web.test.svc.cluster.local/")
        ask = (sys.executable, "-c", ASK, nowhere, *urls, "http://each:8080/")
        asker = run(mesh, vm, "asker", "--capture", "cgroup", "--", *ask)

        assert asker.wait() == 0, asker.text()
        said = asker.text()
        (address, *_) = mesh.get("service", "web", "-n", "test")["status"]["virtualAddresses"]
        assert f"udp {address}" in said
        assert f"tcp {address}" in said
        assert said.count("b'hello") == 4, said
        assert vm.run("cat", "/etc/resolv.conf").stdout == f"nameserver {nowhere}\n"


def test_a_captured_namespace_finds_the_mesh_by_name_and_all_others_from_where_it_is(
    mesh: Mesh,
) -> None:
    """As of a container: the namespace is named by a process, and that process's file says whom to ask."""
    with network("web", "asker", "ns", private=True) as net:
        asker, ns = net["asker"], net["ns"]
        resolv_conf(asker, f"nameserver {ns.ipv4}\nsearch example.test\n")
        server = mesh.spawn("ns", *ns.entry, sys.executable, "-c", NAME_SERVER)
        wait_until(lambda: "ready" in server.text(), "the name server listens")
        mesh.start_server()
        mesh.apply(SERVICES)
        for name, words in (
            ("web", ("--port", "http=8080/http", "--", *PROGRAMS, "http", "8080", "hello")),
            ("asker", ("--", "sleep", "1000")),
        ):
            host = net[name]
            assert host.anchor
            place = f"/proc/{host.anchor.pid}/ns/net"
            outside = Host(name, "", host.ipv4, host.ipv6, ())
            run(mesh, outside, name, "--capture", "netns", "--netns", place, *words)
            mesh.ready(name)

        # Whatever runs there, whoever started it.
        curl = ("curl", "-sS", "--max-time", "20")
        for name in ("web.test", "web.test.mesh", "WEB.test.svc.cluster.local"):
            assert asker.run(*curl, f"http://{name}/").stdout == "hello\n"
        (address, *_) = mesh.get("service", "web", "-n", "test")["status"]["virtualAddresses"]
        assert address in asker.run("getent", "ahostsv4", "web").stdout
        assert "192.0.2.80" in asker.run("getent", "ahostsv4", "host").stdout
        assert "host.example.test" in server.text(), "others are asked from inside the namespace"


OUTSIDE = """
apiVersion: tulle.dev/v1
kind: ExternalService
metadata: {{name: parcels, namespace: test}}
spec: {{addresses: ["{address}"], ports: [{{port: 80, name: http, targetPort: 8000}}]}}
"""


def test_a_service_outside_is_found_by_name_and_called_through_the_proxy(mesh: Mesh) -> None:
    """Its port is another one there: the virtual address alone knows which."""
    with network("vm", "outside", private=True) as net:
        vm, outside = net["vm"], net["outside"]
        resolv_conf(vm, "nameserver 10.77.0.99\n")
        serving = (sys.executable, "-m", "http.server", "8000", "--bind", outside.ipv4)
        mesh.spawn("parcels", *outside.entry, *serving)
        mesh.server_prefix = vm.entry
        mesh.start_server()
        mesh.apply(OUTSIDE.format(address=outside.ipv4))

        curl = ("curl", "-sS", "--max-time", "20", "--retry", "3", "--retry-all-errors")
        asker = run(mesh, vm, "asker", "--capture", "cgroup", "--", *curl, "http://parcels/")
        assert asker.wait() == 0, asker.text()
        assert "Directory listing" in asker.text()
