"""Programs talk through two real Envoys: what they said arrives, whatever they speak."""

import queue
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection

import grpc
import pytest
from tests.envoy import programs
from tests.envoy.asking import ask, ask_again
from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port, until
from tests.envoy.views import destination, inbound, settings, upstream, view
from websockets.sync.client import connect

from tulle.graph.mesh import Protocol
from tulle.model.wire import EdgeSample
from tulle.xds.build import build_snapshot

SPOKEN = {
    "web": Protocol.HTTP,
    "calls": Protocol.GRPC,
    "calls2": Protocol.HTTP2,
    "socket": Protocol.HTTP,
    "echo": Protocol.TCP,
    "banner": Protocol.TCP,
    "parsed": Protocol.HTTP,
}


@dataclass(frozen=True)
class Mesh:
    """A client's and a server's proxy, and the client's loopback port of each service."""

    client: Proxy
    server: Proxy
    ports: dict[str, int]
    plaintext_port: int


@pytest.fixture(scope="module")
def mesh() -> Iterator[Mesh]:
    anchor = Anchor()
    made = settings(anchor)
    with ExitStack() as stack:
        behind = {
            "web": stack.enter_context(programs.http_program("web")),
            "calls": stack.enter_context(programs.grpc_program()),
            "calls2": stack.enter_context(programs.grpc_program()),
            "socket": stack.enter_context(programs.websocket_program()),
            "echo": stack.enter_context(programs.tcp_program()),
            "banner": stack.enter_context(programs.tcp_program(programs.BANNER)),
            "parsed": stack.enter_context(programs.http_program("parsed")),
        }
        mtls, plaintext = free_port(), free_port()
        ports = [
            inbound(
                behind[name],
                protocol,
                parse_http=name == "parsed",
                plaintext_port=plaintext if name == "banner" else None,
            )
            for name, protocol in SPOKEN.items()
        ]
        server = stack.enter_context(Proxy("server", anchor.identity("server").secret()))
        server.settle(build_snapshot(view("server", made, mtls_port=mtls, ports=ports)))
        to = {
            name: destination(name, protocol, behind[name], [("127.0.0.1", mtls)], account="server")
            for name, protocol in SPOKEN.items()
        }
        local = {name: free_port() for name in SPOKEN}
        client = stack.enter_context(Proxy("client", anchor.identity("client").secret()))
        client.settle(
            build_snapshot(
                view(
                    "client",
                    made,
                    outbound=[upstream(to[name], local[name]) for name in SPOKEN],
                    destinations=to.values(),
                )
            )
        )
        yield Mesh(client, server, local, plaintext)


@pytest.mark.parametrize("name", ["web", "parsed"])
def test_http_arrives_as_it_was_sent(mesh: Mesh, name: str) -> None:
    answer = ask(mesh.ports[name], "/a%20b?c=d//e", method="POST", body=b"hello")

    told = answer.told
    assert (told["method"], told["path"], told["body"]) == ("POST", "/a%20b?c=d//e", "hello")
    assert answer.seen["host"] == f"127.0.0.1:{mesh.ports[name]}"


@pytest.mark.parametrize("name", ["web", "parsed"])
def test_the_proxies_leave_no_marks_of_their_own_but_the_scheme(mesh: Mesh, name: str) -> None:
    answer = ask(mesh.ports[name], headers={"x-mine": "1"})

    assert answer.seen.keys() == {"host", "accept-encoding", "x-mine", "x-forwarded-proto"}
    assert answer.headers["server"].startswith("BaseHTTP")
    assert not [header for header in answer.headers if header.startswith("x-envoy")]


def test_many_requests_share_one_connection(mesh: Mesh) -> None:
    before = edge(mesh, "web")

    with closing(HTTPConnection("127.0.0.1", mesh.ports["web"], timeout=10)) as connection:
        statuses = {ask_again(connection).status for _ in range(20)}

    assert statuses == {200}
    until(lambda: edge(mesh, "web").requests >= before.requests + 20, "requests are counted")
    assert edge(mesh, "web").connections <= before.connections + 2


def test_a_request_that_fails_is_not_tried_again(mesh: Mesh) -> None:
    before = edge(mesh, "web")

    assert ask(mesh.ports["web"], "/broken").status == 500

    until(lambda: edge(mesh, "web").failures == before.failures + 1, "the failure is counted")
    assert edge(mesh, "web").requests == before.requests + 1


def test_a_path_rule_cannot_be_walked_around(mesh: Mesh) -> None:
    assert ask(mesh.ports["web"], "/a/../b/./c").told["path"] == "/b/c"


def test_a_client_of_http_1_0_is_served(mesh: Mesh) -> None:
    with socket.create_connection(("127.0.0.1", mesh.ports["web"]), timeout=10) as link:
        link.sendall(b"GET /old HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: link.recv(65536), b""))

    assert answer.split(b"\r\n")[0].endswith(b"200 OK")
    assert b'"host": "web.shop"' in answer


@pytest.mark.parametrize("name", ["calls", "calls2"])
def test_a_unary_call_over_http2_is_answered(mesh: Mesh, name: str) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{mesh.ports[name]}") as channel:
        once = channel.unary_unary("/echo.Echo/Once")

        assert once(b"hello", timeout=10) == b"hello"


def test_a_stream_is_answered_message_by_message(mesh: Mesh) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{mesh.ports['calls']}") as channel:
        each = channel.stream_stream("/echo.Echo/Each")

        answers = each((str(number).encode() for number in range(50)), timeout=10)

        assert list(answers) == [str(number).encode() for number in range(50)]


def test_a_failed_call_is_a_failure_on_the_edge(mesh: Mesh) -> None:
    before = edge(mesh, "calls").failures
    with grpc.insecure_channel(f"127.0.0.1:{mesh.ports['calls']}") as channel:
        fail = channel.unary_unary("/echo.Echo/Fail")

        with pytest.raises(grpc.RpcError, match="not today"):
            fail(b"", timeout=10)

    until(lambda: edge(mesh, "calls").failures == before + 1, "the failure is counted")


def test_calls_that_are_cancelled_cost_the_others_nothing(mesh: Mesh) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{mesh.ports['calls']}") as channel:
        each = channel.stream_stream("/echo.Echo/Each")
        said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        other = each(iter(said.get, None))

        for _ in range(1500):
            call = each(iter(()))
            call.cancel()

        said.put(b"still there")
        assert next(other) == b"still there"
        said.put(None)


def test_a_websocket_passes_both_ways(mesh: Mesh) -> None:
    with connect(f"ws://127.0.0.1:{mesh.ports['socket']}/") as link:
        for message in ("hello", b"\x00\x01", "again"):
            link.send(message)

            assert link.recv(timeout=10) == message


def test_bytes_pass_over_tcp_and_the_end_of_one_side_reaches_the_other(mesh: Mesh) -> None:
    data = bytes(range(256)) * 1000
    with socket.create_connection(("127.0.0.1", mesh.ports["echo"]), timeout=10) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)

        assert b"".join(iter(lambda: link.recv(65536), b"")) == data


def test_a_server_that_speaks_first_is_heard(mesh: Mesh) -> None:
    with socket.create_connection(("127.0.0.1", mesh.ports["banner"]), timeout=10) as link:
        assert link.recv(65536) == programs.BANNER


def test_plaintext_is_served_where_it_is_allowed(mesh: Mesh) -> None:
    with socket.create_connection(("127.0.0.1", mesh.plaintext_port), timeout=10) as link:
        assert link.recv(65536) == programs.BANNER

    until(lambda: mesh.server.stats().report.inbound_plaintext > 0, "it is counted")


def test_every_connection_on_an_edge_is_seen_to_be_mutual_tls(mesh: Mesh) -> None:
    ask(mesh.ports["web"])

    until(lambda: edge(mesh, "web").p99_ms is not None, "the latency is known after a flush")
    seen = edge(mesh, "web")
    assert seen.protocol == "http"
    assert seen.connections == seen.handshakes > 0
    report = mesh.server.stats().report
    assert report.inbound_handshakes > 0
    assert report.inbound_without_certificate == 0


def edge(mesh: Mesh, service: str) -> EdgeSample:
    empty = EdgeSample(
        service=service,
        namespace="shop",
        port=80,
        protocol="",
        requests=0,
        failures=0,
        connections=0,
        handshakes=0,
    )
    edges = mesh.client.stats().report.edges
    return next((edge for edge in edges if edge.service == service), empty)
