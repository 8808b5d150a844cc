"""How refusals are told; lists and waiting are told by tests/contract/test_api.py."""

from tulle.api.proxies import refusal_text
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.reconcile.publish import Refusal
from tulle.xds.snapshots import TypeUrl

A = WorkloadRef("shop", "a")
ROUTE = Origin(ResourceKey("HTTPRoute", "shop", "r"), "spec.rules[0]", 3)


def test_a_refusal_names_the_users_resource_and_field_once() -> None:
    told = refusal_text(Refusal(A, TypeUrl.ROUTE, "x", "1", "bad regex", (ROUTE, ROUTE)))

    assert (told.proxy, told.resource, told.detail) == (
        "shop/a",
        "HTTPRoute shop/r spec.rules[0]",
        "bad regex",
    )


def test_without_an_origin_envoys_own_name_has_to_do() -> None:
    told = refusal_text(Refusal(A, TypeUrl.CLUSTER, "c", "1", "no", ()))
    unknown = refusal_text(Refusal(A, TypeUrl.CLUSTER, None, "", "no", ()))

    assert told.resource == "Cluster c"
    assert unknown.resource == "Cluster (unknown)"
