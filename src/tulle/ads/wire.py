"""The few bytes of protobuf the protocol itself needs: length-delimited fields, read and written.

Resources pass through here unopened, as the bytes they were made of; that is why no message classes are used.
The tests hold every message of this room against protobuf's own.
"""

from collections.abc import Iterator

_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
"""Wire types of fixed size, in bytes."""


class ProtocolError(ValueError):
    """The other side sent what the protocol does not allow. The stream cannot go on."""


def field(number: int, payload: bytes) -> bytes:
    """One length-delimited field: a string, bytes or an inner message."""
    return _varint(number << 3 | _LENGTH) + _varint(len(payload)) + payload


def text_field(number: int, text: str) -> bytes:
    """A string field; nothing at all for "", as proto3 has it."""
    return field(number, text.encode()) if text else b""


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a message, in order; numbers and the like are passed over."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        start, end = _extent(data, at, tag & 7)
        if end > len(data) or tag < 8:
            raise ProtocolError("a message is cut short or is no protobuf")
        if tag & 7 == _LENGTH:
            yield tag >> 3, data[start:end]
        at = end


def text(payload: bytes) -> str:
    """The string in a field."""
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("a string is not UTF-8") from error


def _extent(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Where the content of a field begins and ends."""
    if kind == _LENGTH:
        length, at = _read_varint(data, at)
        return at, at + length
    if kind == _VARINT:
        return at, _read_varint(data, at)[1]
    if kind in _FIXED:
        return at, at + _FIXED[kind]
    raise ProtocolError(f"a field has the unknown wire type {kind}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= len(data):
            break
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ProtocolError("a number is cut short or too long")
