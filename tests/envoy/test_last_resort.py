"""Endpoints whose agents are not heard of: a real Envoy leaves them alone while there is another, and no longer."""

from contextlib import ExitStack
from dataclasses import replace

from tests.envoy import programs
from tests.envoy.asking import ask
from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port
from tests.envoy.views import destination, inbound, settings, upstream, view

from tulle.graph.mesh import Destination, Protocol
from tulle.xds.build import build_snapshot


def with_last_resort(to: Destination, *, among: int) -> Destination:
    """The endpoint of that place is the last resort; the others are well."""
    marked = (replace(end, last_resort=place == among) for place, end in enumerate(to.endpoints))
    return replace(to, endpoints=tuple(marked))


def test_a_last_resort_gets_nothing_while_another_is_well_and_everything_when_it_is_alone() -> None:
    anchor = Anchor()
    made = settings(anchor)
    with ExitStack() as stack:
        behind = stack.enter_context(programs.http_program("web"))
        mtls, local, nobody = free_port(), free_port(), free_port()
        server = stack.enter_context(Proxy("server", anchor.identity("server").secret()))
        port = inbound(behind, Protocol.HTTP)
        server.settle(build_snapshot(view("server", made, mtls_port=mtls, ports=[port])))
        client = stack.enter_context(Proxy("client", anchor.identity("client").secret()))

        def statuses(places: list[int], last_resort: int) -> set[int]:
            ends = [("127.0.0.1", place) for place in places]
            to = destination("web", Protocol.HTTP, behind, ends, account="server")
            to = with_last_resort(to, among=last_resort)
            client.settle(
                build_snapshot(
                    view("client", made, outbound=[upstream(to, local)], destinations=[to])
                )
            )
            return {ask(local, "/").status for _ in range(30)}

        assert statuses([mtls, nobody], last_resort=1) == {200}
        assert statuses([mtls], last_resort=0) == {200}
        assert 503 in statuses([mtls, nobody], last_resort=2), "without the mark it gets its share"
