"""Parents of routes: the ports they attach to, or why not."""

import msgspec
import pytest
from tests.unit.graph.meshes import backends, to

from tulle.graph.routing.parents import PRODUCER, Attached, attach
from tulle.model.kinds.gateway_api import ParentRef
from tulle.testing.builders import (
    HTTP,
    backend,
    http_route,
    parent,
    port,
    rule,
    service,
    tcp_route,
)

DB = port(5432, "tcp", name="db")
LEGACY = service("legacy", selector={})
KNOWN = backends(
    service("api", HTTP, port(81, name="bare"), DB),
    service("headless", cluster_ip="None"),
    msgspec.structs.replace(
        LEGACY, spec=msgspec.structs.replace(LEGACY.spec, type="ExternalName", external_name="x.y")
    ),
)


def _http(ref: ParentRef, namespace: str = "shop") -> Attached:
    route = http_route("r", [ref], rule(backend("api")), namespace=namespace)
    return attach(route, 0, KNOWN)


def test_a_parent_without_a_port_means_all_that_can_carry_requests() -> None:
    found = _http(parent("api"))

    assert [attachment.to for attachment in found.ports] == [to("api"), to("api", 81)]
    assert {attachment.audience for attachment in found.ports} == {PRODUCER}
    assert "5432" in found.note


def test_a_port_or_a_section_means_one() -> None:
    assert [a.to for a in _http(parent("api", 81)).ports] == [to("api", 81)]
    assert [a.to for a in _http(parent("api", section="http")).ports] == [to("api")]
    assert [a.to for a in _http(ParentRef(name="api", group="core", kind="Service", port=80)).ports]


def test_a_route_of_another_namespace_is_for_the_callers_there() -> None:
    found = _http(parent("api", 80, namespace="shop"), namespace="office")

    assert [attachment.audience for attachment in found.ports] == ["office"]


@pytest.mark.parametrize(
    ("ref", "reason", "code"),
    [
        (ParentRef(name="front"), "NoMatchingParent", ""),
        (ParentRef(name="api", kind="Service"), "NoMatchingParent", ""),
        (parent("apo"), "NoMatchingParent", "route-parent-unknown"),
        (parent("api", 8080), "NoMatchingParent", "route-port-unknown"),
        (parent("api", 80, section="bare"), "NoMatchingParent", "route-port-unknown"),
        (parent("headless"), "UnsupportedValue", "route-parent-without-address"),
        (parent("legacy"), "UnsupportedValue", "route-parent-without-address"),
        (parent("api", 5432), "UnsupportedValue", "route-protocol-mismatch"),
    ],
)
def test_a_parent_that_is_none_says_why(ref: ParentRef, reason: str, code: str) -> None:
    refusal = _http(ref).refusal

    assert refusal is not None
    assert (refusal.reason, refusal.code) == (reason, code)


def test_connections_can_be_split_on_any_port() -> None:
    route = tcp_route("t", [parent("api")], backend("api"))

    assert len(attach(route, 0, KNOWN).ports) == 3
