"""What routes promise, kept by a real Envoy: matches, splits, headers, timeouts, and the right failure."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from math import sqrt

import pytest
from tests.envoy import programs
from tests.envoy.asking import Answer, ask, ask_again
from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port
from tests.envoy.views import (
    destination,
    inbound,
    origin,
    ref,
    settings,
    upstream,
    view,
)

from tulle.graph.mesh import (
    Destination,
    DestinationRef,
    HeaderChanges,
    HttpMatch,
    HttpRouting,
    HttpRule,
    Protocol,
    Routing,
    Share,
    StringMatch,
    TcpRouting,
)
from tulle.xds.build import Builder, build_snapshot

ROUTE = origin("HTTPRoute", "reviews")
V1, V2, EMPTY = ref("v1"), ref("v2"), ref("empty")


@dataclass(frozen=True)
class Caller:
    """A client's proxy with one HTTP and one TCP upstream, whose routing tests replace."""

    proxy: Proxy
    http_port: int
    tcp_port: int
    reroute: Callable[[Routing], None]


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    anchor = Anchor()
    made = settings(anchor)
    with ExitStack() as stack:
        mtls, gone = free_port(), free_port()
        behind = {
            "v1": stack.enter_context(programs.http_program("v1")),
            "v2": stack.enter_context(programs.http_program("v2")),
        }
        echo = {
            "t1": stack.enter_context(programs.tcp_program(b"one")),
            "t2": stack.enter_context(programs.tcp_program(b"two")),
        }
        ports = [inbound(port, Protocol.HTTP) for port in behind.values()]
        ports += [inbound(port, Protocol.TCP) for port in echo.values()]
        server = stack.enter_context(Proxy("server", anchor.identity("server").secret()))
        server.settle(build_snapshot(view("server", made, mtls_port=mtls, ports=ports)))

        def at(name: str, protocol: Protocol, port: int, *ends: int) -> Destination:
            where = [("127.0.0.1", end) for end in ends]
            return destination(name, protocol, port, where, account="server")

        web = at("web", Protocol.HTTP, behind["v1"], mtls)
        tcp = at("tcp", Protocol.TCP, echo["t1"], mtls)
        destinations = [
            web,
            tcp,
            at("empty", Protocol.HTTP, 1),
            at("gone", Protocol.HTTP, 1, gone),
            *(at(name, Protocol.HTTP, port, mtls) for name, port in behind.items()),
            *(at(name, Protocol.TCP, port, mtls) for name, port in echo.items()),
        ]
        client = stack.enter_context(Proxy("client", anchor.identity("client").secret()))
        http_port, tcp_port = free_port(), free_port()
        builder = Builder()

        def reroute(routing: Routing) -> None:
            http = routing if isinstance(routing, HttpRouting) else None
            bytes_ = routing if isinstance(routing, TcpRouting) else None
            outbound = [upstream(web, http_port, http), upstream(tcp, tcp_port, bytes_)]
            made_view = view("client", made, outbound=outbound, destinations=destinations)
            client.settle(builder.build(made_view))

        yield Caller(client, http_port, tcp_port, reroute)


def rule(*shares: Share, match: HttpMatch | None = None) -> HttpRule:
    return HttpRule(match or HttpMatch(), shares, ROUTE)


def share(
    to: DestinationRef | None,
    weight: int = 1,
    *,
    request: HeaderChanges | None = None,
    response: HeaderChanges | None = None,
) -> Share:
    none = HeaderChanges()
    return Share(to, weight, ROUTE, request or none, response or none)


def within(count: int, total: int, probability: float) -> bool:
    """Whether a count is what chance allows: five standard deviations, once in 1.7 million runs."""
    spread = sqrt(total * probability * (1 - probability))
    return abs(count - total * probability) <= 5 * spread


@pytest.mark.parametrize(
    ("match", "hits", "misses"),
    [
        (HttpMatch("/a", "prefix"), ["/a", "/a/", "/a/b", "/a?x=1"], ["/ab", "/"]),
        (HttpMatch("/a", "exact"), ["/a", "/a?x=1"], ["/a/", "/a/b"]),
        (HttpMatch("/v[0-9]+", "regex"), ["/v1", "/v22?x=1"], ["/v", "/v1/x", "/x/v1"]),
        (HttpMatch("/", "prefix"), ["/", "/anything"], []),
        (
            HttpMatch(query_params=(StringMatch("q", "1"),)),
            ["/?q=1", "/?a=2&q=1"],
            ["/", "/?q=2"],
        ),
        (
            HttpMatch(query_params=(StringMatch("q", "1.", regex=True),)),
            ["/?q=12"],
            ["/?q=1", "/?q=123"],
        ),
    ],
)
def test_a_path_or_query_is_matched_whole(
    caller: Caller, match: HttpMatch, hits: list[str], misses: list[str]
) -> None:
    caller.reroute(HttpRouting((rule(share(V1), match=match),)))

    assert {path: ask(caller.http_port, path).status for path in hits} == dict.fromkeys(hits, 200)
    assert {path: ask(caller.http_port, path).status for path in misses} == dict.fromkeys(
        misses, 404
    )


def test_a_method_and_headers_are_matched_together(caller: Caller) -> None:
    headers = (StringMatch("x-a", "1"), StringMatch("x-b", "y.*", regex=True))
    match = HttpMatch(method="POST", headers=headers)
    caller.reroute(HttpRouting((rule(share(V1), match=match),)))

    def post(method: str, **sent: str) -> int:
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        return ask(caller.http_port, method=method, headers=named).status

    assert post("POST", x_a="1", x_b="yes") == 200
    assert post("POST", X_A="1", X_B="yes") == 200
    assert post("GET", x_a="1", x_b="yes") == 404
    assert post("POST", x_a="1", x_b="no") == 404
    assert post("POST", x_a="1") == 404


def test_the_first_rule_that_matches_decides(caller: Caller) -> None:
    first = rule(share(V2), match=HttpMatch("/a", "prefix"))
    caller.reroute(HttpRouting((first, rule(share(V1)))))

    assert ask(caller.http_port, "/a").told["name"] == "v2"
    assert ask(caller.http_port, "/b").told["name"] == "v1"


def test_requests_are_split_by_weight(caller: Caller) -> None:
    caller.reroute(HttpRouting((rule(share(V1, 9), share(V2, 1), share(EMPTY, 0)),)))

    names = Counter(ask(caller.http_port).told["name"] for _ in range(1000))

    assert names.keys() == {"v1", "v2"}
    assert within(names["v2"], 1000, 0.1), names


def test_the_share_of_a_backend_that_does_not_exist_is_answered_500(caller: Caller) -> None:
    caller.reroute(HttpRouting((rule(share(V1, 3), share(None, 1)),)))

    statuses = Counter(ask(caller.http_port).status for _ in range(800))

    assert statuses.keys() == {200, 500}
    assert within(statuses[500], 800, 0.25), statuses


@pytest.mark.parametrize(
    "shares", [(), (share(None),), (share(V1, 0),), (share(None, 2), share(None, 1))]
)
def test_a_rule_with_nowhere_to_go_answers_500(caller: Caller, shares: tuple[Share, ...]) -> None:
    caller.reroute(HttpRouting((rule(*shares),)))

    assert ask(caller.http_port).status == 500


@pytest.mark.parametrize("service", ["empty", "gone"])
def test_a_service_nobody_answers_for_is_a_503_and_a_failure_on_its_edge(
    caller: Caller, service: str
) -> None:
    caller.reroute(HttpRouting((rule(share(ref(service))),)))

    assert ask(caller.http_port).status == 503

    edges = {edge.service: edge for edge in caller.proxy.stats().report.edges}
    assert (edges[service].requests, edges[service].failures) == (1, 1)


def test_a_failure_of_the_program_passes_as_it_is(caller: Caller) -> None:
    caller.reroute(HttpRouting())

    assert ask(caller.http_port, "/broken").status == 500


def test_headers_are_set_added_and_removed_in_that_order(caller: Caller) -> None:
    changes = HeaderChanges(
        set=(("x-set", "100%"), ("x-gone", "never")),
        add=(("x-more", "2"), ("x-set", "also")),
        remove=("x-gone", "x-mine"),
    )
    changed = replace(rule(share(V1)), request_headers=changes, response_headers=changes)
    caller.reroute(HttpRouting((changed,)))

    answer = ask(caller.http_port, headers={"x-mine": "1", "x-more": "1", "x-set": "old"})

    assert answer.seen["x-more"] == "1,2"
    assert answer.seen["x-set"] == "100%,also"
    assert "x-mine" not in answer.seen
    assert "x-gone" not in answer.seen
    assert answer.headers["x-more"] == "2"
    assert "x-gone" not in answer.headers


def test_each_backend_has_changes_of_its_own_after_the_rules(caller: Caller) -> None:
    by_rule = HeaderChanges(set=(("x-who", "rule"), ("x-rule", "1")))
    v1 = share(V1, request=HeaderChanges(set=(("x-who", "v1"),)))
    v2 = share(V2, response=HeaderChanges(set=(("x-from", "v2"),)))
    caller.reroute(HttpRouting((replace(rule(v1, v2), request_headers=by_rule),)))

    answers = _both(caller)

    assert (answers["v1"].seen["x-who"], answers["v1"].seen["x-rule"]) == ("v1", "1")
    assert (answers["v2"].seen["x-who"], answers["v2"].seen["x-rule"]) == ("rule", "1")
    assert answers["v2"].headers["x-from"] == "v2"
    assert "x-from" not in answers["v1"].headers


def test_a_single_backend_has_changes_too(caller: Caller) -> None:
    changes = HeaderChanges(set=(("x-who", "v1"),))
    caller.reroute(HttpRouting((rule(share(V1, request=changes)),)))

    assert ask(caller.http_port).seen["x-who"] == "v1"


@pytest.mark.parametrize(
    ("request_s", "backend_s"), [(0.2, None), (None, 0.2), (30.0, 0.2), (0.2, 0.0)]
)
def test_a_request_that_takes_too_long_is_a_504(
    caller: Caller, request_s: float | None, backend_s: float | None
) -> None:
    bounded = replace(rule(share(V1)), timeout_s=request_s, backend_timeout_s=backend_s)
    caller.reroute(HttpRouting((bounded,)))

    assert ask(caller.http_port, "/slow").status == 504
    assert ask(caller.http_port, "/fast").status == 200


def test_routes_change_without_touching_connections(caller: Caller) -> None:
    caller.reroute(HttpRouting())
    with closing(HTTPConnection("127.0.0.1", caller.http_port, timeout=10)) as connection:
        assert ask_again(connection).told["name"] == "v1"
        link = connection.sock

        for to in (V2, V1) * 5:
            caller.reroute(HttpRouting((rule(share(to)),)))

            assert ask_again(connection).told["name"] == to.service.name
        assert connection.sock is link


def test_connections_are_split_by_weight(caller: Caller) -> None:
    caller.reroute(TcpRouting((share(ref("t1"), 4), share(ref("t2"), 1)), ROUTE))

    heard = Counter(_first_words(caller) for _ in range(500))

    assert heard.keys() == {b"one", b"two"}
    assert within(heard[b"two"], 500, 0.2), heard


@pytest.mark.parametrize("shares", [(), (share(None),), (share(ref("t1"), 0),)])
def test_a_connection_with_nowhere_to_go_is_closed(
    caller: Caller, shares: tuple[Share, ...]
) -> None:
    caller.reroute(TcpRouting(shares, ROUTE))

    assert _first_words(caller) == b""


def test_the_share_of_a_missing_tcp_backend_is_closed(caller: Caller) -> None:
    caller.reroute(TcpRouting((share(ref("t1"), 1), share(None, 1)), ROUTE))

    heard = Counter(_first_words(caller) for _ in range(300))

    assert heard.keys() == {b"one", b""}
    assert within(heard[b""], 300, 0.5), heard


def _both(caller: Caller) -> dict[str, Answer]:
    """An answer of each of two backends; that one of them hides for 200 requests is no chance."""
    answers: dict[str, Answer] = {}
    for _ in range(200):
        answer = ask(caller.http_port)
        answers[str(answer.told["name"])] = answer
        if len(answers) == 2:
            break
    return answers


def _first_words(caller: Caller) -> bytes:
    with (
        suppress(ConnectionResetError),
        socket.create_connection(("127.0.0.1", caller.tcp_port), timeout=10) as link,
    ):
        return link.recv(65536)
    return b""
