"""How refusals are told; lists and waiting are told by tests/contract/test_api.py."""

from pathlib import Path

from tests.unit.api.servers import now, serving

from tulle.api.proxies import refusal_text
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.wire import ProxyState, Refused
from tulle.reconcile.publish import Refusal
from tulle.store.memory import MemoryStore
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


async def test_a_proxy_is_replaced_and_the_new_one_named(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        answer = await api.post("/tulle/v1/proxies/shop/a/replace", {})
        assert answer == {"proxy": "shop/a", "version": "1.40.0"}
        assert api.fleet.replaced == [A]


async def test_a_proxy_that_goes_on_as_it_was_is_no_success(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        api.fleet.state = ProxyState(version="1.40.0", failure="no such file")
        failed = await api.post("/tulle/v1/proxies/shop/a/replace", {}, status=409)
        api.fleet.state = Refused(code="proxy-not-reachable", message="away", hint="look")
        away = await api.post("/tulle/v1/proxies/shop/a/replace", {}, status=409)

    assert "no such file" in str(failed)
    assert "proxy-not-replaced" in str(failed)
    assert "proxy-not-reachable" in str(away)
