"""A program reaches its upstreams by name, through one loopback port of its real proxy."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from http.client import HTTPConnection

import pytest
from tests.envoy import programs
from tests.envoy.asking import Answer, ask, ask_again
from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port, until
from tests.envoy.views import destination, inbound, origin, settings, upstream, view
from websockets.sync.client import connect

from tulle.graph.mesh import (
    Destination,
    HeaderChanges,
    HttpMatch,
    HttpProxyPort,
    HttpRouting,
    HttpRule,
    Protocol,
    Share,
)
from tulle.xds.build import build_snapshot

ROUTE = origin("HTTPRoute", "web")
SPOKEN = {
    "web": Protocol.HTTP,
    "other": Protocol.HTTP,
    "socket": Protocol.HTTP,
    "echo": Protocol.TCP,
    "banner": Protocol.TCP,
    "untold": Protocol.TCP,
}
PORTS = {"web": 80, "other": 8080, "socket": 80, "echo": 7, "banner": 25, "untold": 80}
MAX_AGE_S = 0.2
FORMS = ("{}", "{}.shop", "{}.shop.svc", "{}.shop.svc.cluster.local", "{}.shop.mesh")


@dataclass(frozen=True)
class Caller:
    """A client's proxy, its port for requests by name, and the loopback port of each upstream."""

    proxy: Proxy
    port: int
    local: dict[str, int]

    def get(self, url: str) -> Answer:
        """A request in absolute form, as programs send them to an HTTP_PROXY."""
        return ask(self.port, url, headers={"host": url.split("/")[2]})

    def requests(self, service: str) -> int:
        edges = self.proxy.stats().report.edges
        return sum(edge.requests for edge in edges if edge.service == service)


def marked(to: Destination) -> HttpRouting:
    """A route that leaves a mark, and takes nothing below /none."""
    change = HeaderChanges(set=(("x-routed", "yes"),))
    rule = HttpRule(HttpMatch("/ok"), (Share(to.ref, 1, ROUTE),), ROUTE, request_headers=change)
    return HttpRouting((rule,))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    anchor = Anchor()
    made = settings(anchor)
    with ExitStack() as stack:
        behind = {
            "web": stack.enter_context(programs.http_program("web")),
            "other": stack.enter_context(programs.http_program("other")),
            "socket": stack.enter_context(programs.websocket_program()),
            "echo": stack.enter_context(programs.tcp_program()),
            "banner": stack.enter_context(programs.tcp_program(programs.BANNER)),
            "untold": stack.enter_context(programs.http_program("untold")),
        }
        mtls, by_name = free_port(), free_port()
        ports = [inbound(behind[name], protocol) for name, protocol in SPOKEN.items()]
        server = stack.enter_context(Proxy("server", anchor.identity("server").secret()))
        server.settle(build_snapshot(view("server", made, mtls_port=mtls, ports=ports)))
        to = {
            name: destination(
                name,
                protocol,
                behind[name],
                [("127.0.0.1", mtls)],
                account="server",
                port=PORTS[name],
            )
            for name, protocol in SPOKEN.items()
        }
        local = {name: free_port() for name in SPOKEN}
        routed = {"web": marked(to["web"])}
        plain = view(
            "client",
            settings(anchor, connection_max_age_s=MAX_AGE_S),
            outbound=[upstream(to[name], local[name], routed.get(name)) for name in SPOKEN],
            destinations=to.values(),
        )
        port = HttpProxyPort(by_name, origin("Workload", "client-1"))
        asked = replace(plain, workload=replace(plain.workload, http_proxy=port))
        client = stack.enter_context(
            Proxy("client", anchor.identity("client").secret(), internal_listeners=True)
        )
        client.settle(build_snapshot(asked))
        yield Caller(client, by_name, local)


def tunnel(caller: Caller, authority: str) -> tuple[socket.socket, bytes]:
    """A CONNECT, and the status line it got."""
    link = socket.create_connection(("127.0.0.1", caller.port), timeout=10)
    link.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = link.recv(1)
        assert data, head
        head += data
    return link, head.split(b"\r\n")[0]


@pytest.mark.parametrize("port", ["", ":80"])
@pytest.mark.parametrize("form", FORMS)
def test_a_request_by_name_reaches_the_upstream_in_every_form_of_its_name(
    caller: Caller, form: str, port: str
) -> None:
    host = form.format("web") + port

    answer = caller.get(f"http://{host}/ok/%20?a=b")

    assert (answer.status, answer.told["name"], answer.told["path"]) == (200, "web", "/ok/%20?a=b")
    assert answer.seen["host"] == host


@pytest.mark.parametrize("host", ["WEB", "Web.SHOP:80", "web.shop.SVC.Cluster.Local"])
def test_the_case_of_a_name_does_not_matter(caller: Caller, host: str) -> None:
    assert caller.get(f"http://{host}/ok").told["name"] == "web"


@pytest.mark.parametrize("host", ["other", "other:8080", "other.shop", "other.shop.mesh:8080"])
def test_the_only_port_of_a_service_needs_no_number(caller: Caller, host: str) -> None:
    assert caller.get(f"http://{host}/").told["name"] == "other"


def test_routes_filters_and_counts_are_those_of_the_loopback_port(caller: Caller) -> None:
    direct = ask(caller.local["web"], "/ok")
    before = caller.requests("web")

    by_name = caller.get("http://web/ok")

    assert by_name.seen.keys() == direct.seen.keys()
    assert by_name.seen["x-routed"] == "yes"
    assert by_name.headers.keys() == direct.headers.keys()
    assert ask(caller.local["web"], "/none").status == caller.get("http://web/none").status == 404
    until(lambda: caller.requests("web") == before + 1, "it is counted once")


def test_many_requests_by_name_share_a_connection(caller: Caller) -> None:
    with closing(HTTPConnection("127.0.0.1", caller.port, timeout=10)) as connection:
        for host in ("web", "other", "web.shop"):
            answer = ask_again(connection, f"http://{host}/ok", headers={"host": host})

            assert answer.status == 200


@pytest.mark.parametrize("authority", ["web:80", "WEB.shop:80", "web.shop.mesh:80"])
def test_requests_in_a_tunnel_get_the_routes_of_the_upstream(
    caller: Caller, authority: str
) -> None:
    link, status = tunnel(caller, authority)
    with closing(link):
        assert status == b"HTTP/1.1 200 OK"
        before = caller.requests("web")

        link.sendall(b"GET /ok HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: link.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"x-routed": "yes"' in answer
    until(lambda: caller.requests("web") == before + 1, "it is counted")


@pytest.mark.parametrize("authority", ["echo:7", "Echo.Shop:7", "echo.shop.svc.cluster.local:7"])
def test_a_tunnel_reaches_an_upstream_of_bytes(caller: Caller, authority: str) -> None:
    link, status = tunnel(caller, authority)
    with closing(link):
        assert status == b"HTTP/1.1 200 OK"
        link.sendall(b"hello")

        assert link.recv(5) == b"hello"


def test_a_tunnel_lives_on_when_connections_of_its_age_are_replaced(caller: Caller) -> None:
    link, _ = tunnel(caller, "echo:7")
    end = time.monotonic() + 4 * MAX_AGE_S
    with closing(link):
        while time.monotonic() < end:
            link.sendall(b"hello")

            assert link.recv(5) == b"hello"


def test_a_server_that_speaks_first_is_heard_in_a_tunnel(caller: Caller) -> None:
    link, _ = tunnel(caller, "banner:25")
    with closing(link):
        assert link.recv(65536) == programs.BANNER


def test_requests_reach_an_upstream_whose_protocol_nobody_declared(caller: Caller) -> None:
    assert caller.get("http://untold/").told["name"] == "untold"


def test_a_websocket_in_a_tunnel_passes_both_ways(caller: Caller) -> None:
    link, _ = tunnel(caller, "socket:80")
    with connect("ws://socket/", sock=link) as open_link:
        open_link.send("hello")

        assert open_link.recv(timeout=10) == "hello"


@pytest.mark.parametrize(
    "host", ["example.com", "localhost", "127.0.0.1", "web:81", "web.office", "echo.shop:80"]
)
def test_who_is_no_upstream_is_answered_and_nothing_is_sent(caller: Caller, host: str) -> None:
    answer = caller.get(f"http://{host}/")
    link, status = tunnel(caller, host if ":" in host else f"{host}:443")
    link.close()

    assert answer.status == 404
    assert b"No upstream of shop/client-1 has this name" in answer.body
    assert b"web.shop:80" in answer.body
    assert b"--upstream NAME:PORT" in answer.body
    assert status == b"HTTP/1.1 404 Not Found"


def test_a_tunnel_to_no_port_is_a_bad_request_as_http_wants_it(caller: Caller) -> None:
    link, status = tunnel(caller, "web")
    link.close()

    assert status == b"HTTP/1.1 400 Bad Request"


def test_a_request_that_names_nobody_is_answered(caller: Caller) -> None:
    assert ask(caller.port, "/").status == 404
