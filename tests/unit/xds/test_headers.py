"""Header changes keep the order users expect, in the order Envoy applies them."""

from tulle.graph.mesh import HeaderChanges
from tulle.xds import headers
from tulle.xds.protos import HeaderValueOption

APPEND, OVERWRITE = 0, 2


def told(options: list[HeaderValueOption]) -> list[tuple[str, str, int]]:
    return [(one.header.key, one.header.value, one.append_action) for one in options]


def test_set_comes_before_add() -> None:
    changes = HeaderChanges(set=(("a", "1"),), add=(("a", "2"), ("b", "3")))

    assert told(headers.options(changes)) == [
        ("a", "1", OVERWRITE),
        ("a", "2", APPEND),
        ("b", "3", APPEND),
    ]


def test_what_is_removed_at_the_end_is_never_set() -> None:
    changes = HeaderChanges(set=(("a", "1"),), remove=("a",))

    assert headers.options(changes) == []
    assert headers.removed(changes) == ["a"]


def test_a_later_step_may_set_what_an_earlier_one_removed() -> None:
    first, then = HeaderChanges(remove=("a",)), HeaderChanges(set=(("a", "1"),))

    assert told(headers.options(first, then)) == [("a", "1", OVERWRITE)]
    assert headers.removed(first, then) == ["a"]


def test_a_later_step_removes_what_an_earlier_one_set() -> None:
    first, then = HeaderChanges(set=(("a", "1"),)), HeaderChanges(remove=("a",))

    assert headers.options(first, then) == []


def test_a_value_is_never_read_as_a_variable_of_envoy() -> None:
    changes = HeaderChanges(set=(("a", "%DOWNSTREAM_PEER_CERT% 100%"),))

    assert told(headers.options(changes)) == [("a", "%%DOWNSTREAM_PEER_CERT%% 100%%", OVERWRITE)]
