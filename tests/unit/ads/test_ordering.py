from tests.unit.ads.playbooks import snapshot

from tulle.ads.ordering import FOR_CACHES, FOR_PROXIES, REMOVED_LATE, Needs
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl


def needs_of(*lines: str) -> Needs:
    return Needs(snapshot(*lines).references)


def test_a_listener_needs_what_its_routes_and_their_clusters_need() -> None:
    needs = needs_of(
        "LDS l@1 needs RDS:l SDS:callers ECDS:access",
        "RDS l@1 needs a",
        "CDS a@1 needs EDS:a SDS:p",
    )
    assert set(needs.of(TypeUrl.LISTENER, "l")) == {
        (TypeUrl.CLUSTER, "a"),
        (TypeUrl.ENDPOINTS, "a"),
        (TypeUrl.SECRET, "p"),
        (TypeUrl.SECRET, "callers"),
        (TypeUrl.EXTENSION, "access"),
    }


def test_clusters_endpoints_and_secrets_wait_for_nothing() -> None:
    needs = needs_of("CDS a@1 needs EDS:a SDS:p")
    assert not list(needs.of(TypeUrl.CLUSTER, "a"))
    assert not list(needs.of(TypeUrl.ENDPOINTS, "a"))


def test_without_references_nothing_waits() -> None:
    assert not list(Needs(()).of(TypeUrl.ROUTE, "r"))


def test_references_in_a_ring_end() -> None:
    needs = needs_of("RDS r@1 needs RDS:q", "RDS q@1 needs RDS:r a")
    assert set(needs.of(TypeUrl.ROUTE, "r")) == {(TypeUrl.CLUSTER, "a")}


def test_both_orders_know_every_type() -> None:
    assert set(FOR_CACHES) == set(TypeUrl)
    assert set(FOR_PROXIES) == set(FOR_ENVOY)


def test_a_cache_has_what_envoy_asks_next_before_it_is_asked() -> None:
    assert FOR_CACHES.index(TypeUrl.ENDPOINTS) < FOR_CACHES.index(TypeUrl.CLUSTER)
    assert FOR_CACHES.index(TypeUrl.ROUTE) < FOR_CACHES.index(TypeUrl.LISTENER)
    assert FOR_PROXIES.index(TypeUrl.CLUSTER) < FOR_PROXIES.index(TypeUrl.ENDPOINTS)


def test_only_listeners_and_names_are_removed_at_once() -> None:
    assert set(TypeUrl) - REMOVED_LATE == {TypeUrl.LISTENER, TypeUrl.NAME}
