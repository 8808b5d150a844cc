"""Held against protobuf's own reading and writing."""

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from hypothesis import given
from hypothesis import strategies as st

from tulle.ads import wire

NAMES = st.text(max_size=300)


@given(NAMES, NAMES)
def test_protobuf_reads_what_we_write(name: str, package: str) -> None:
    data = wire.text_field(1, name) + wire.text_field(2, package)
    found = FileDescriptorProto.FromString(data)
    assert (found.name, found.package) == (name, package)
    assert found.SerializeToString() == data or not (name and package)


@given(NAMES, st.lists(NAMES), st.lists(st.integers(0, 2**31 - 1)))
def test_we_read_what_protobuf_writes(name: str, needs: list[str], numbers: list[int]) -> None:
    message = FileDescriptorProto(name=name, dependency=needs, public_dependency=numbers)
    found = list(wire.fields(message.SerializeToString()))
    assert [wire.text(payload) for number, payload in found if number == 3] == needs
    assert [wire.text(payload) for number, payload in found if number == 1] == [name]


@given(st.binary(max_size=60))
def test_garbage_gives_fields_or_a_violation_and_nothing_else(data: bytes) -> None:
    try:
        found = list(wire.fields(data))
    except wire.ProtocolError:
        return
    assert sum(len(payload) for _, payload in found) <= len(data)


@pytest.mark.parametrize(
    "data",
    [b"\x0a", b"\x0a\x05abc", b"\x0b", b"\x00\x00", b"\xff" * 11, b"\x09\x00", b"\x0d\x00\x00"],
    ids=["no length", "cut", "group", "field 0", "endless number", "cut 64 bits", "cut 32 bits"],
)
def test_what_is_cut_or_no_protobuf_is_refused(data: bytes) -> None:
    with pytest.raises(wire.ProtocolError):
        list(wire.fields(data))


def test_numbers_of_every_size_are_passed_over() -> None:
    data = b"\x08\x96\x01" + b"\x11" + b"\x00" * 8 + b"\x1d" + b"\x00" * 4 + wire.text_field(4, "x")
    assert list(wire.fields(data)) == [(4, b"x")]


def test_a_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(wire.ProtocolError):
        wire.text(b"\xff")
