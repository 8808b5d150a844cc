"""Peers one version apart understand each other; peers of one version still refuse what they do not know."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.model.test_wire import FROM_AGENT, FROM_SERVER

from tulle.model import skew, wire
from tulle.model.skew import METADATA, UNSAID, WIRE, said, too_far


def with_news(value: object) -> object:
    """A message as a later version might write it: something more in every object."""
    match value:
        case dict():
            return {**{k: with_news(v) for k, v in value.items()}, "later": {"deep": [1]}}
        case list():
            return [with_news(item) for item in value]
        case _:
            return value


def later(frame: object) -> bytes:
    return msgspec.json.encode(with_news(msgspec.json.decode(wire.encode(frame))))


@pytest.mark.parametrize("theirs", [WIRE - 1, WIRE + 1])
@pytest.mark.parametrize("frame", FROM_AGENT, ids=lambda frame: type(frame).__name__)
def test_what_a_neighbours_agent_adds_is_passed_over(frame: wire.FromAgent, theirs: int) -> None:
    assert skew.FROM_AGENT.read(later(frame), theirs) == frame
    assert skew.FROM_AGENT.read(wire.encode(frame), theirs) == frame


@pytest.mark.parametrize("theirs", [WIRE - 1, WIRE + 1])
@pytest.mark.parametrize("frame", FROM_SERVER, ids=lambda frame: type(frame).__name__)
def test_what_a_neighbours_control_plane_adds_is_passed_over(
    frame: wire.FromServer, theirs: int
) -> None:
    assert skew.FROM_SERVER.read(later(frame), theirs) == frame


def test_a_neighbours_new_frame_is_passed_over() -> None:
    new = b'{"type": "sing", "song": "of tulle"}'

    assert skew.FROM_SERVER.read(new, WIRE + 1) is None
    for theirs in (WIRE, WIRE - 1):
        with pytest.raises(msgspec.ValidationError):
            skew.FROM_SERVER.read(new, theirs)


@pytest.mark.parametrize("frame", [*FROM_AGENT], ids=lambda frame: type(frame).__name__)
def test_within_one_version_an_unknown_field_is_a_mistake(frame: wire.FromAgent) -> None:
    with pytest.raises(msgspec.ValidationError, match="later"):
        skew.FROM_AGENT.read(later(frame), WIRE)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"7", b"null", b"{}", b'{"type":7}', b'{"type":"register","ports":7}']
)
def test_nonsense_is_refused_from_neighbours_too(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        skew.FROM_AGENT.read(data, WIRE + 1)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_whatever_a_neighbour_sends_is_read_or_refused(value: object) -> None:
    data = msgspec.json.encode({"type": "register", "mtlsPort": 1, "address": "", "ports": value})
    with contextlib.suppress(msgspec.MsgspecError):
        skew.FROM_AGENT.read(data, WIRE - 1)


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        (None, UNSAID),
        ([], UNSAID),
        ([("other", "7")], UNSAID),
        ([("other", "7"), (METADATA, "3")], 3),
        ([(METADATA, b"3")], 3),
        ([(METADATA, "three")], 0),
        ([(METADATA, "-1")], 0),
        ([(METADATA, "9" * 100)], 0),
    ],
)
def test_metadata_says_the_version(
    metadata: list[tuple[str, str | bytes]] | None, version: int
) -> None:
    assert said(metadata) == version


@pytest.mark.parametrize("theirs", [WIRE - 1, WIRE, WIRE + 1])
def test_neighbours_may_talk(theirs: int) -> None:
    assert too_far(theirs, they="agent", we="control plane") is None


@pytest.mark.parametrize(
    ("theirs", "older"),
    [(WIRE - 2, "agent"), (WIRE + 2, "control plane"), (WIRE + 9, "control plane")],
)
def test_who_is_further_apart_is_told_whom_to_upgrade(theirs: int, older: str) -> None:
    refused = too_far(theirs, they="agent", we="control plane")

    assert refused is not None
    assert refused.code == "version-skew"
    assert refused.hint.startswith(f"upgrade the {older}")
