"""Endpoints by place, in one order."""

from dataclasses import replace

from tulle.graph.mesh import Endpoint
from tulle.xds.endpoints import address, inside, load_assignment, security_mark

HERE = Endpoint("10.0.0.1", 15009, region="eu", zone="a")
THERE = Endpoint("10.0.0.2", 15009, region="eu", zone="b")
ANYWHERE = Endpoint("10.0.0.3", 80, secure=False)


def test_endpoints_are_grouped_by_where_they_are() -> None:
    made = load_assignment("c", [THERE, HERE, ANYWHERE])

    zones = [(group.locality.region, group.locality.zone) for group in made.endpoints]
    assert zones == [("", ""), ("eu", "a"), ("eu", "b")]


def test_their_order_does_not_matter() -> None:
    assert load_assignment("c", [HERE, THERE]) == load_assignment("c", [THERE, HERE])


def test_nobody_is_an_answer_too() -> None:
    made = load_assignment("c", [])

    assert (made.cluster_name, len(made.endpoints)) == ("c", 0)


def test_only_where_it_matters_each_says_whether_it_is_secure() -> None:
    plain, marked = load_assignment("c", [HERE]), load_assignment("c", [HERE], marked=True)

    assert not plain.endpoints[0].lb_endpoints[0].HasField("metadata")
    metadata = marked.endpoints[0].lb_endpoints[0].metadata.filter_metadata
    assert metadata["envoy.transport_socket_match"] == security_mark(secure=True)


def test_a_last_resort_gets_nothing_while_one_other_can_take_it() -> None:
    lost = replace(THERE, last_resort=True)
    made = load_assignment("c", [HERE, lost])

    healths = [end.health_status for group in made.endpoints for end in group.lb_endpoints]
    assert healths == [0, 5]  # UNKNOWN counts as healthy; DEGRADED
    assert made.policy.overprovisioning_factor.value == 100_000
    assert not load_assignment("c", [HERE]).HasField("policy")


def test_an_address_has_host_and_port() -> None:
    made = address("::1", 80).socket_address

    assert (made.address, made.port_value) == ("::1", 80)


def test_an_internal_listener_is_the_one_endpoint_of_its_cluster() -> None:
    made = inside("c")

    ((end,),) = (group.lb_endpoints for group in made.endpoints)
    assert made.cluster_name == "c"
    assert end.endpoint.address.envoy_internal_address.server_listener_name == "c"
