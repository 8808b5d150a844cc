"""Names agree with each other."""

from tulle.graph.mesh import DestinationRef, Protocol
from tulle.model.names import ServiceRef
from tulle.xds import names

REVIEWS = DestinationRef(ServiceRef("shop", "reviews"), 80)


def test_a_port_of_a_service_reads_the_same_in_every_name() -> None:
    assert names.cluster_name(REVIEWS) == "shop/reviews:80"
    assert names.peers_secret_name(REVIEWS) == "peers:shop/reviews:80"
    assert names.outbound_listener_name(REVIEWS) == "outbound:shop/reviews:80"
    assert names.edge_stat_name(REVIEWS, Protocol.GRPC) == "shop/reviews/80/grpc/edge"


def test_a_port_of_the_program_reads_the_same_in_every_name() -> None:
    assert names.inbound_cluster_name(9080) == "inbound:9080"
    assert names.plaintext_listener_name(9080) == "inbound-plaintext:9080"
    assert names.callers_secret_name(9080) == "callers:9080"
    assert names.access_extension_name(9080) == "access:9080"


def test_sni_carries_a_number_or_a_name() -> None:
    assert (names.sni_of("9080"), names.sni_of("http")) == ("9080.port.tulle", "http.port.tulle")


def test_an_upstream_reached_by_name_is_told_apart_from_its_loopback_port() -> None:
    assert names.HTTP_PROXY == "http-proxy"
    assert names.named_upstream(REVIEWS) == "http-proxy:shop/reviews:80"


def test_a_captured_services_listeners_say_whose_they_are() -> None:
    at = DestinationRef(ServiceRef("shop", "reviews"), 80, "[fd00::7]:15009")
    for to in (REVIEWS, at):
        for listens in (80, 8080):
            name = names.virtual_listener_name(to, listens)
            assert names.virtual_listener_of(name) == ServiceRef("shop", "reviews")
    for other in ("captured-outbound", "outbound:shop/reviews:80", "virtual:odd"):
        assert names.virtual_listener_of(other) is None
