"""What captured programs may call, and by which addresses they mean it."""

from typing import Literal

import msgspec
from tests.unit.graph.meshes import compiled, to

from tulle.graph.mesh import VirtualPort
from tulle.graph.views import view_of
from tulle.graph.workloads.captured import captured_ports, services_for
from tulle.model.kinds.external_service import ExternalPort
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.workload import UsedService, WorkloadPort
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.resources import Resource
from tulle.testing.builders import (
    captured,
    external,
    http_route,
    mesh,
    parent,
    port,
    rule,
    service,
    slice_of,
    upstream,
    workload,
)

WEB = WorkloadRef("shop", "web")
CAPTURED = captured(workload("web", upstreams=[upstream("api")]))


def ports(*resources: Resource) -> dict[str, VirtualPort]:
    """Of the captured workload, by the address and port they listen at."""
    graph = compiled(mesh(), CAPTURED, *resources).graph
    found = captured_ports(graph, graph.workloads[WEB])
    return {f"{address}:{one.listens}": one for one in found for address in one.addresses}


def named(*resources: Resource) -> dict[str, str]:
    return {at: f"{one.service}:{one.port}" for at, one in ports(*resources).items()}


def test_a_service_is_meant_by_its_own_addresses() -> None:
    found = named(
        service("api", cluster_ip="10.96.0.1"), service("db", port(5432), cluster_ip="10.96.0.2")
    )

    assert found == {"10.96.0.1:80": "shop/api:80", "10.96.0.2:5432": "shop/db:5432"}


def test_a_service_without_an_address_is_meant_by_each_of_its_programs() -> None:
    one = workload("db-0", WorkloadPort(name="sql", port=6000), labels={"app": "db"})
    other = workload(
        "db-1", WorkloadPort(name="sql", port=6001), labels={"app": "db"}, address="fd00::7"
    )
    found = ports(service("db", port(5432, target="sql"), cluster_ip="None"), one, other)

    assert {at: place.instance for at, place in found.items()} == {
        "10.0.0.1:6000": "10.0.0.1:15009",
        "fd00::7:6001": "[fd00::7]:15009",
    }


def test_an_instance_is_reached_alone() -> None:
    programs = [workload(f"db-{n}", labels={"app": "db"}, address=f"10.0.0.{n}") for n in (1, 2)]
    resources = (service("db", cluster_ip="None"), *programs)
    view = view_of(compiled(mesh(), captured(workload("web")), *resources).graph, WEB)

    assert view is not None
    assert {d.ref.instance: [end.address for end in d.endpoints] for d in view.destinations} == {
        "10.0.0.1:15009": ["10.0.0.1"],
        "10.0.0.2:15009": ["10.0.0.2"],
    }


def test_listed_addresses_without_a_workload_are_meant_themselves() -> None:
    plain = service("legacy", port(80, name="http"), selector={}, cluster_ip="None")

    assert named(plain, slice_of("legacy", "192.0.2.9", number=8080)) == {
        "192.0.2.9:8080": "shop/legacy:80"
    }


def virtual_of(name: str, *resources: Resource) -> str:
    """The IPv4 address the mesh gave a service."""
    return compiled(mesh(), *resources).graph.services[ServiceRef("shop", name)].addresses[0]


def test_an_external_service_is_meant_by_its_virtual_address_and_by_its_own() -> None:
    mail = external("mail", ExternalPort(port=25, target_port=2525), address="192.0.2.25")
    web = external("web", ExternalPort(port=443), host="x.example")

    assert named(mail, web) == {
        "192.0.2.25:2525": "shop/mail:25",
        f"{virtual_of('mail', mail, web)}:25": "shop/mail:25",
        f"{virtual_of('web', mail, web)}:443": "shop/web:443",
    }
    assert len({one.listens for one in ports(mail, web).values()}) == 3


def test_addresses_meant_with_one_port_are_one_listener() -> None:
    mail = external("mail", ExternalPort(port=25), address="192.0.2.25")

    assert len({id(one) for one in ports(mail).values()}) == 1


def test_one_address_and_port_means_one_service_and_the_callers_namespace_comes_first() -> None:
    here, there = (
        external("z", ExternalPort(port=25), address="192.0.2.25", namespace=namespace)
        for namespace in ("shop", "a")
    )

    assert named(here, there)["192.0.2.25:25"] == "shop/z:25"


def test_services_of_all_namespaces_are_there_the_callers_own_first() -> None:
    graph = compiled(service("b"), service("a", namespace="a"), CAPTURED).graph

    assert [str(node.ref) for node in services_for(graph, graph.workloads[WEB])] == [
        "shop/b",
        "a/a",
    ]


def with_scope(scope: Literal["All", "Used"]) -> Mesh:
    made = mesh()
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, scope=scope))


def test_under_scope_used_a_proxy_knows_what_is_declared_or_was_asked_for() -> None:
    assert CAPTURED.status.proxy
    used = (
        UsedService(service="b", namespace="shop"),
        UsedService(service="gone", namespace="shop"),
    )
    proxy = msgspec.structs.replace(CAPTURED.status.proxy, used=used)
    asked = msgspec.structs.replace(
        CAPTURED, status=msgspec.structs.replace(CAPTURED.status, proxy=proxy)
    )
    services = [service(name) for name in ("api", "b", "c")]

    for scope, names in (("Used", ["api", "b"]), ("All", ["api", "b", "c"])):
        graph = compiled(with_scope(scope), asked, *services).graph
        found = services_for(graph, graph.workloads[WEB])
        assert [node.ref.name for node in found] == names


def test_a_workload_that_is_not_captured_has_none() -> None:
    graph = compiled(service("api"), workload("web")).graph

    assert captured_ports(graph, graph.workloads[WEB]) == ()


def test_a_captured_view_keeps_its_declared_upstreams_beside_the_virtual_ones() -> None:
    route = http_route("r", [parent("api")], rule())
    view = view_of(compiled(mesh(), CAPTURED, service("api"), route).graph, WEB)

    assert view is not None
    assert [type(one.port).__name__ for one in view.outbound] == ["OutboundPort", "VirtualPort"]
    assert [one.default for one in view.outbound] == [to("api"), to("api")]
    assert view.outbound[0].routing == view.outbound[1].routing
