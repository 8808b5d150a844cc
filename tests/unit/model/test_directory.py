"""Entries travel as small JSON, and survive a neighbour of another version."""

import pytest

from tulle.model.directory import (
    AliasEntry,
    Entry,
    HeadlessEntry,
    NamedEndpoint,
    VirtualEntry,
    decode_entry,
    encode_entry,
)
from tulle.model.names import ServiceRef

ENTRIES: list[Entry] = [
    VirtualEntry(namespace="shop", name="api", addresses=("240.0.0.1",), ports={"http": 80}),
    HeadlessEntry(
        namespace="shop",
        name="db",
        endpoints=(NamedEndpoint(name="db-1", address="10.0.0.1", ports={"pg": 5432}),),
    ),
    AliasEntry(namespace="shop", name="bin", host="httpbin.org", origin="Service shop/bin"),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_what_is_encoded_is_decoded_again(entry: Entry) -> None:
    assert decode_entry(encode_entry(entry)) == entry
    assert entry.service == ServiceRef("shop", entry.name)


def test_equal_entries_have_equal_bytes_whatever_the_order_of_their_ports() -> None:
    one = VirtualEntry(namespace="n", name="a", ports={"a": 1, "b": 2})
    other = VirtualEntry(namespace="n", name="a", ports={"b": 2, "a": 1})
    assert encode_entry(one) == encode_entry(other)


def test_a_field_a_newer_server_sends_is_passed_over() -> None:
    data = b'{"type":"virtual","namespace":"n","name":"a","weight":3}'
    assert decode_entry(data) == VirtualEntry(namespace="n", name="a")
