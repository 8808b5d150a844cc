"""The index questions are looked up in."""

from tests.unit.dns.meshes import DIRECTORY, OTHER, REVIEWS

from tulle.dns.directories import directory_of, usual
from tulle.model.directory import VirtualEntry


def test_a_service_is_found_by_name_and_by_each_of_its_addresses() -> None:
    assert DIRECTORY.find("reviews", "shop") is REVIEWS
    assert DIRECTORY.at("240.0.0.7") is DIRECTORY.at("fd74::7") is REVIEWS


def test_a_name_of_one_namespace_is_none_of_another() -> None:
    assert DIRECTORY.find("reviews", "bank") is None


def test_the_order_of_entries_makes_no_difference() -> None:
    assert directory_of([REVIEWS, OTHER]) == directory_of([OTHER, REVIEWS])


def test_what_is_no_address_is_nobodys() -> None:
    odd = VirtualEntry(namespace="a", name="b", addresses=("nonsense", "FD74:0::1"))
    assert list(directory_of([odd]).addresses) == ["fd74::1"]
    assert usual("nonsense") is None
