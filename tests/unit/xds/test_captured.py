"""The doors of captured programs."""

from dataclasses import replace

from tests.envoy.views import allow, inbound, origin, view

from tulle.graph.mesh import Capture, MeshSettings, Probe, Protocol, WorkloadNode
from tulle.xds import captured
from tulle.xds.names import MISSING, PASSTHROUGH
from tulle.xds.protos import HttpConnectionManager, Listener, TcpProxy

CAPTURE = Capture("netns", 15001, 15006, ipv6=True, origin=origin("Workload", "web"))
OPEN = inbound(9080, Protocol.HTTP, plaintext_port=15006)
STRICT = inbound(9081, Protocol.HTTP)
GUARDED = inbound(9082, Protocol.TCP, allow("api"), plaintext_port=15006)
PROBED = replace(CAPTURE, probes=(Probe(15021, 9080, "/healthz"), Probe(15022, 1, "/")))


def workload(capture: Capture = CAPTURE) -> WorkloadNode:
    made = view("web", MeshSettings(), mtls_port=15009, ports=[OPEN, STRICT, GUARDED]).workload
    return replace(made, capture=capture)


def hosts(listener: Listener) -> list[str]:
    places = [listener.address, *(one.address for one in listener.additional_addresses)]
    return [place.socket_address.address for place in places]


def cluster(listener: Listener) -> str:
    """Where what no chain takes goes."""
    (end,) = listener.default_filter_chain.filters
    held = TcpProxy()
    assert end.typed_config.Unpack(held)
    return held.cluster


def test_what_the_program_calls_enters_on_loopback_of_both_families_and_goes_on_as_it_came() -> (
    None
):
    door = captured.outbound_listener(CAPTURE, MeshSettings())

    assert hosts(door) == ["127.0.0.1", "::1"]
    assert door.use_original_dst.value
    assert cluster(door) == PASSTHROUGH


def test_where_only_what_is_registered_may_be_called_the_rest_ends_at_the_door() -> None:
    door = captured.outbound_listener(CAPTURE, MeshSettings(passes_strangers=False))

    assert cluster(door) == MISSING


def test_a_connection_to_the_door_itself_is_not_passed_on() -> None:
    (chain,) = captured.outbound_listener(CAPTURE, MeshSettings()).filter_chains
    held = TcpProxy()

    assert chain.filter_chain_match.destination_port.value == CAPTURE.outbound_port
    assert chain.filters[0].typed_config.Unpack(held)
    assert held.cluster == MISSING


def test_a_host_without_ipv6_is_not_asked_for_it() -> None:
    without = replace(CAPTURE, ipv6=False)

    assert hosts(captured.outbound_listener(without, MeshSettings())) == ["127.0.0.1"]
    assert hosts(captured.inbound_listener(without, [])) == ["0.0.0.0"]


def test_nobody_looks_into_what_is_said() -> None:
    for door in (
        captured.outbound_listener(CAPTURE, MeshSettings()),
        captured.inbound_listener(CAPTURE, [OPEN]),
    ):
        assert [one.name for one in door.listener_filters] == ["original_dst"]


def test_plaintext_gets_in_where_it_is_allowed_and_no_policy_asks_for_an_identity() -> None:
    assert captured.plaintext_ports(workload()) == (OPEN,)
    door = captured.inbound_listener(CAPTURE, [OPEN])

    assert [chain.filter_chain_match.destination_port.value for chain in door.filter_chains] == [
        9080
    ]
    assert cluster(door) == MISSING


def test_a_probe_reaches_one_path_of_a_declared_port() -> None:
    (door,) = captured.probe_listeners(workload(PROBED), PROBED)
    manager = HttpConnectionManager()

    assert door.address.socket_address.port_value == 15021
    assert door.filter_chains[0].filters[0].typed_config.Unpack(manager)
    first, rest = manager.route_config.virtual_hosts[0].routes
    assert (first.match.path, first.route.cluster) == ("/healthz", "inbound:9080")
    assert first.match.headers[0].string_match.exact == "GET"
    assert (rest.match.prefix, rest.direct_response.status) == ("/", 404)


def test_a_part_has_all_doors_and_names_what_they_need() -> None:
    made = captured.part(workload(PROBED), PROBED, MeshSettings())

    assert [resource.name for _, resource in made.resources] == [
        "passthrough",
        "captured-outbound",
        "inbound-captured",
        "probe:15021",
    ]
    assert {reference.name for reference in made.references} == {"passthrough", "inbound:9080"}
