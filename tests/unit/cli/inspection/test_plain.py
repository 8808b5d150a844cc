"""Values of the graph as what JSON knows."""

from dataclasses import dataclass

from tulle.cli.inspection.plain import plain
from tulle.graph.mesh import Protocol
from tulle.model.directory import AliasEntry
from tulle.model.names import ServiceRef


@dataclass(frozen=True)
class Node:
    name: ServiceRef
    parts: tuple[int, ...]
    inner: object = None


def test_values_become_mappings_and_references_their_names() -> None:
    ref = ServiceRef("shop", "web")

    assert plain(Node(ref, (1, 2), {ref: Protocol.GRPC})) == {
        "name": "shop/web",
        "parts": [1, 2],
        "inner": {"shop/web": "grpc"},
    }


def test_a_protocol_is_a_plain_text() -> None:
    assert type(plain(Protocol.TCP)) is str


def test_what_is_sent_to_others_shows_its_fields_too() -> None:
    entry = AliasEntry(namespace="shop", name="pay", host="pay.example")

    assert plain(entry) == {
        "namespace": "shop",
        "name": "pay",
        "host": "pay.example",
        "origin": "",
    }
