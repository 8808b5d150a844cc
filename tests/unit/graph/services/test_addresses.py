"""Virtual addresses: stable, never shared, told when there are none left."""

import msgspec
import pytest

from tulle.graph.services.addresses import Addresses, assign, claim_of
from tulle.model.kinds.mesh import VirtualAddresses
from tulle.model.kinds.service import Service
from tulle.model.names import ServiceRef
from tulle.testing.builders import service

RANGES = VirtualAddresses(ipv4="240.0.0.0/24", ipv6="fd00::/112")
TINY = VirtualAddresses(ipv4="240.0.0.0/30", ipv6="")


def _assign(*services: Service, ranges: VirtualAddresses = RANGES) -> Addresses:
    return assign(tuple(filter(None, map(claim_of, services))), ranges)


def _of(addresses: Addresses, name: str) -> tuple[str, ...]:
    return addresses.of(ServiceRef("shop", name))


def _keeping(name: str, *addresses: str, created: str = "") -> Service:
    made = service(name, created=created)
    status = msgspec.structs.replace(made.status, virtual_addresses=addresses)
    return msgspec.structs.replace(made, status=status)


def test_each_service_gets_one_address_of_each_family_and_keeps_them_in_its_status() -> None:
    found = _assign(service("api"))

    v4, v6 = _of(found, "api")
    assert v4.startswith("240.0.0.")
    assert v6.startswith("fd00::")
    assert found.statuses[0].virtual_addresses == (v4, v6)


def test_an_address_depends_on_the_name_not_on_who_else_is_there() -> None:
    alone = _of(_assign(service("m")), "m")

    assert _of(_assign(service("a"), service("m"), service("z")), "m") == alone


def test_an_address_in_the_status_stays_and_is_given_to_no_one_else() -> None:
    wanted = _of(_assign(service("new")), "new")

    found = _assign(_keeping("old", *wanted), service("new"))

    assert _of(found, "old") == wanted
    assert not set(_of(found, "new")) & set(wanted)


def test_of_two_with_one_address_in_their_statuses_the_older_keeps_it() -> None:
    found = _assign(
        _keeping("a", "240.0.0.7", created="2026-02-01T00:00:00Z"),
        _keeping("b", "240.0.0.7", created="2026-01-01T00:00:00Z"),
    )

    assert "240.0.0.7" in _of(found, "b")
    assert "240.0.0.7" not in _of(found, "a")


def test_an_address_outside_the_range_is_given_up() -> None:
    assert "10.0.0.1" not in _of(_assign(_keeping("api", "10.0.0.1", "nonsense")), "api")


def test_an_exhausted_range_is_a_problem_of_who_gets_nothing() -> None:
    found = _assign(service("a"), service("b"), service("c"), ranges=TINY)

    assert sorted(address for name in "abc" for address in _of(found, name)) == [
        "240.0.0.1",
        "240.0.0.2",
    ]
    (problem,) = found.problems
    assert problem.code == "virtual-addresses-exhausted"
    assert problem.resource == service("c").key


@pytest.mark.parametrize("text", ["", "nonsense", "fd00::/112", "240.0.0.0/32", "240.0.0.0/31"])
def test_a_range_that_is_none_gives_no_addresses_and_breaks_nothing(text: str) -> None:
    assert _of(_assign(service("a"), ranges=VirtualAddresses(ipv4=text, ipv6="")), "a") == ()


def test_a_service_that_brings_its_addresses_keeps_them_and_status_stays_empty() -> None:
    found = _assign(service("api", cluster_ip="10.1.0.1"))

    assert _of(found, "api") == ("10.1.0.1",)
    assert found.statuses[0].virtual_addresses == ()


def test_of_two_services_with_one_cluster_ip_the_older_has_it() -> None:
    found = _assign(
        service("a", cluster_ip="10.1.0.1", created="2026-02-01T00:00:00Z"),
        service("b", cluster_ip="10.1.0.1", created="2026-01-01T00:00:00Z"),
    )

    assert (_of(found, "a"), _of(found, "b")) == ((), ("10.1.0.1",))
    assert [problem.code for problem in found.problems] == ["cluster-ip-taken"]


def test_a_headless_service_gets_no_address() -> None:
    assert claim_of(service("api", cluster_ip="None")) is None
