"""Who takes traffic now, at which address."""

import msgspec
from tests.unit.graph.meshes import compiled, destination_of

from tulle.graph.mesh import Endpoint
from tulle.model.kinds.workload import Locality
from tulle.model.names import WorkloadRef
from tulle.model.resources import Condition
from tulle.testing.builders import HTTP, is_ready, port, service, with_conditions, workload


def test_an_endpoint_is_the_mtls_port_of_the_proxy_with_its_locality() -> None:
    api = workload("api", address="fd00::7", mtls_port=15011)
    spec = msgspec.structs.replace(api.spec, locality=Locality(region="eu", zone="a"))

    found = compiled(service("api"), msgspec.structs.replace(api, spec=spec))

    assert destination_of(found, "api").endpoints == (
        Endpoint("fd00::7", 15011, True, WorkloadRef("shop", "api"), "eu", "a"),
    )


def test_a_workload_that_leaves_is_no_endpoint_any_more() -> None:
    leaving = with_conditions(
        workload("api"), is_ready(), Condition(type="Draining", status="True", reason="Draining")
    )

    assert destination_of(compiled(service("api"), leaving), "api").endpoints == ()


def test_all_ports_of_a_service_share_the_endpoints_they_have() -> None:
    found = compiled(service("api", HTTP, port(81, target="http")), workload("api"))

    assert destination_of(found, "api", 80).endpoints == destination_of(found, "api", 81).endpoints


def test_endpoints_stand_in_the_order_of_their_names() -> None:
    workloads = [workload(name, labels={"app": "api"}) for name in ("c", "a", "b")]

    found = destination_of(compiled(service("api"), *workloads), "api")

    assert [str(endpoint.workload) for endpoint in found.endpoints] == [
        "shop/a",
        "shop/b",
        "shop/c",
    ]
