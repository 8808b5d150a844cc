"""Which names are the mesh's, and what they mean to whom."""

import pytest
from tests.unit.dns.meshes import BANK, DATABASE, REVIEWS, SHOP

from tulle.dns.directories import directory_of
from tulle.dns.zones import (
    Apex,
    Between,
    Foreign,
    Found,
    Instance,
    Loopback,
    Missing,
    Port,
    Service,
    Zone,
    apex_of,
    full_name,
)
from tulle.model.directory import VirtualEntry


def find(name: str, zone: Zone = SHOP) -> Found:
    return zone.find(tuple(name.split(".")) if name else ())


@pytest.mark.parametrize(
    "name",
    [
        "reviews",
        "reviews.shop",
        "reviews.shop.svc",
        "reviews.shop.mesh",
        "reviews.shop.svc.cluster.local",
    ],
)
def test_a_service_is_called_by_each_of_its_names(name: str) -> None:
    assert find(name) == Service(REVIEWS)


def test_a_short_name_is_one_of_the_callers_own_namespace_only() -> None:
    assert find("reviews", BANK) == Foreign()
    assert find("reviews.shop", BANK) == Service(REVIEWS)
    assert isinstance(find("ledger", BANK), Service)


@pytest.mark.parametrize("name", ["nothing.shop.mesh", "reviews.nowhere.mesh", "nowhere.mesh"])
def test_in_the_meshs_own_domains_what_is_not_there_does_not_exist(name: str) -> None:
    assert find(name) == Missing()
    assert find(name.replace(".mesh", ".svc.cluster.local")) == Missing()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "com",
        "example.com",
        "www.reviews",
        "www.reviews.shop",
        "shop",
        "nothing.shop",
        "cluster.local",
        "local",
        "svc",
        "mesh.example.com",
    ],
)
def test_everything_else_is_for_others(name: str) -> None:
    assert find(name) == Foreign()


def test_what_others_lie_below_exists() -> None:
    assert find("mesh") == find("svc.cluster.local") == Apex()
    assert find("shop.mesh") == find("_tcp.reviews.shop.mesh") == Between()


def test_a_port_has_a_name_below_its_service() -> None:
    assert find("_http._tcp.reviews.shop.mesh") == Port(REVIEWS, "http")
    assert find("_http._tcp.reviews") == Port(REVIEWS, "http")
    assert find("_pg._tcp.db.shop") == Port(DATABASE, "pg")
    assert find("_smtp._tcp.reviews.shop.mesh") == Missing()
    assert find("_http._udp.reviews.shop.mesh") == Missing()


def test_instances_of_a_headless_service_have_names_below_it() -> None:
    assert find("db-1.db.shop.mesh") == Instance(DATABASE, (DATABASE.endpoints[0],))
    assert find("db-1.db") == Instance(DATABASE, (DATABASE.endpoints[0],))
    assert find("db-9.db.shop.mesh") == Missing()
    assert find("a.reviews.shop.mesh") == Missing()


def test_localhost_is_never_a_service() -> None:
    zone = Zone("shop", directory_of([VirtualEntry(namespace="shop", name="localhost")]))
    assert find("localhost", zone) == find("x.localhost", zone) == Loopback()


def test_name_and_namespace_come_before_a_name_below_ones_own_service() -> None:
    """`db-1.db` may be a service db-1 of a namespace db, which everybody else calls so too."""
    taken = VirtualEntry(namespace="db", name="db-1")
    zone = Zone("shop", directory_of([DATABASE, taken]))
    assert find("db-1.db", zone) == Service(taken)


def test_full_names_end_in_the_canonical_domain() -> None:
    assert ".".join(full_name(REVIEWS)) == "reviews.shop.svc.cluster.local"


def test_a_short_name_is_a_domain_of_its_own() -> None:
    assert apex_of(("x", "shop", "mesh")) == ("mesh",)
    assert apex_of(("reviews", "shop")) == ("reviews", "shop")
