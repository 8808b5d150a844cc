"""What DNS is told of each kind of service."""

import msgspec
from tests.unit.graph.meshes import compiled

from tulle.graph.mesh import Compiled
from tulle.graph.views import view_of
from tulle.model.directory import AliasEntry, Entry, HeadlessEntry, NamedEndpoint, VirtualEntry
from tulle.model.kinds.service import Service, ServiceSpec
from tulle.model.kinds.workload import Workload
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.testing.builders import (
    external,
    mesh,
    metadata,
    port,
    service,
    slice_of,
    workload,
)


def entry(found: Compiled, name: str) -> Entry:
    return found.graph.names[ServiceRef("shop", name)]


def answering(made: Workload) -> Workload:
    proxy = msgspec.structs.replace(made.status.proxy, dns_port=15053)
    return msgspec.structs.replace(made, status=msgspec.structs.replace(made.status, proxy=proxy))


def test_a_service_is_its_virtual_addresses_and_named_ports() -> None:
    found = compiled(mesh(ipv6="fd74::/112"), service("api", port(80, name="http"), port(81)))
    node = found.graph.services[ServiceRef("shop", "api")]
    assert entry(found, "api") == VirtualEntry(
        namespace="shop",
        name="api",
        addresses=node.addresses,
        ports={"http": 80},
        origin="Service shop/api",
    )
    assert len(node.addresses) == 2


def test_a_headless_service_is_its_instances_that_take_traffic_on_their_own_ports() -> None:
    headless = service("db", port(5432, name="pg", target="http"), cluster_ip="None")
    up = workload("db-1", labels={"app": "db"}, address="10.0.0.5")
    down = workload("db-2", labels={"app": "db"}, address="10.0.0.6", ready=False)
    found = compiled(headless, up, down)
    assert entry(found, "db") == HeadlessEntry(
        namespace="shop",
        name="db",
        endpoints=(NamedEndpoint(name="db-1", address="10.0.0.5", ports={"pg": 9080}),),
        origin="Service shop/db",
    )


def test_an_instance_without_a_workload_is_named_by_its_address() -> None:
    headless = service("db", port(5432, name="pg"), cluster_ip="None", selector={})
    listed = slice_of("db", "10.0.0.9", number=5432, port_name="pg")
    found = entry(compiled(headless, listed), "db")
    assert isinstance(found, HeadlessEntry)
    assert [one.name for one in found.endpoints] == ["10-0-0-9"]


def test_an_external_name_is_an_alias_without_its_last_dot() -> None:
    spec = ServiceSpec(type="ExternalName", external_name="example.com.")
    found = compiled(Service(metadata=metadata("out"), spec=spec))
    assert entry(found, "out") == AliasEntry(
        namespace="shop", name="out", host="example.com", origin="Service shop/out"
    )


def test_an_external_service_has_an_address_of_the_mesh_and_keeps_it_in_its_status() -> None:
    found = compiled(external("bin", host="httpbin.org"))
    told = entry(found, "bin")
    assert isinstance(told, VirtualEntry)
    assert told.addresses
    status = next(one for one in found.statuses if one.key.kind == "ExternalService")
    assert status.virtual_addresses == told.addresses
    assert status.conditions


def test_only_who_answers_dns_is_told_names_and_all_are_told_the_same() -> None:
    found = compiled(
        service("api"), answering(workload("a")), answering(workload("b")), workload("c")
    ).graph
    views = [view_of(found, WorkloadRef("shop", name)) for name in "abc"]
    assert all(views)
    a, b, c = (view.names for view in views if view)
    assert a is b
    assert list(a) == [ServiceRef("shop", "api")]
    assert not c
