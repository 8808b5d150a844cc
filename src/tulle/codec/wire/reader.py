"""Kubernetes' protobuf bytes → the plain object they stand for, or why they are none. Pure.

Typed clients write every field, empty ones too; what is empty is left out here, as in JSON.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from tulle.codec.wire.messages import MESSAGES, Field, Message, Scalar
from tulle.model.problems import Problem

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

_ENVELOPE = Message(
    {
        1: Field("typeMeta", Message({1: Field("apiVersion"), 2: Field("kind")})),
        2: Field("raw", Scalar.BYTES),
        3: Field("contentEncoding"),
        4: Field("contentType"),
    }
)
Value = int | bytes


class _Malformed(Exception):  # noqa: N818 - never leaves this file
    """Why bytes are no message."""


def read_object(data: bytes) -> dict[str, object] | Problem:
    """The object of a request's body."""
    if not data.startswith(MAGIC):
        return _problem("the body is no protobuf of Kubernetes'")
    try:
        envelope = _message(_ENVELOPE, data[len(MAGIC) :], 0)
        head = envelope.get("typeMeta", {})
        assert isinstance(head, dict)
        version, kind = str(head.get("apiVersion", "")), str(head.get("kind", ""))
        message = MESSAGES.get((version, kind))
        if message is None:
            return _problem(f"{kind[:60]} of {version[:60]} is not read as protobuf, only as JSON")
        raw = base64.b64decode(str(envelope.get("raw", "")))
        return {"apiVersion": version, "kind": kind, **_message(message, raw, 0)}
    except _Malformed as reason:
        return _problem(f"the protobuf cannot be read: {reason}")


def _message(message: Message, data: bytes, depth: int) -> dict[str, object]:
    if depth > 16:
        raise _Malformed("it nests too deeply")
    found: dict[str, object] = {}
    for number, value in _fields(data):
        field = message.fields.get(number)
        if field is None:
            raise _Malformed(f"it has a field {number} nobody here knows")
        if not field.ignored:
            _put(found, field, value, depth)
    return found


def _put(found: dict[str, object], field: Field, value: Value, depth: int) -> None:
    if field.mapping:
        key, item = _entry(field, value, depth)
        mapping = found.setdefault(field.name, {})
        assert isinstance(mapping, dict)
        mapping[key] = item
        return
    item = _value(field.holds, value, depth)
    if field.many:
        items = found.setdefault(field.name, [])
        assert isinstance(items, list)
        items.append(item)
    elif not _is_empty(item):
        found[field.name] = item


def _entry(field: Field, value: Value, depth: int) -> tuple[str, object]:
    parts = Message({1: Field("key"), 2: Field("value", field.holds)})
    found = _message(parts, _bytes(value), depth + 1)
    return str(found.get("key", "")), found.get("value", "")


def _value(holds: Scalar | Message, value: Value, depth: int) -> object:
    if isinstance(holds, Message):
        return _message(holds, _bytes(value), depth + 1)
    return _SCALARS[holds](value)


def _is_empty(item: object) -> bool:
    # False is a choice where it is sent at all: those fields are optional ones.
    return item in ("", 0, {}) and item is not False


def _text(value: Value) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise _Malformed("a text in it is not UTF-8") from None


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise _Malformed("a number stands where something else should")


def _integer(value: Value) -> int:
    if isinstance(value, bytes):
        raise _Malformed("something else stands where a number should")
    return value - 2**64 if value >= 2**63 else value  # negative ones are written with all 64 bits


def _time(value: Value) -> str:
    seconds = next((_integer(part) for number, part in _fields(_bytes(value)) if number == 1), 0)
    if not 0 < seconds < 253_402_300_800:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _integer_or_text(value: Value) -> int | str:
    parts = dict(_fields(_bytes(value)))
    return _text(parts.get(3, b"")) if _integer(parts.get(1, 0)) else _integer(parts.get(2, 0))


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of every field, in the order they stand."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:  # a number
                value, at = _varint(data, at)
                yield tag >> 3, value
            case 2:  # bytes, and how many
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise _Malformed("it ends too early")
                yield tag >> 3, data[at : at + length]
                at += length
            case other:
                raise _Malformed(f"wire type {other} occurs in no message of these")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value & (2**64 - 1), at
    raise _Malformed("it ends too early")


def _problem(why: str) -> Problem:
    return Problem("", "protobuf-malformed", why, "send JSON: every client can")


_SCALARS: Mapping[Scalar, Callable[[Value], object]] = {
    Scalar.TEXT: _text,
    Scalar.BYTES: lambda value: base64.b64encode(_bytes(value)).decode(),
    Scalar.INTEGER: _integer,
    Scalar.BOOLEAN: lambda value: bool(_integer(value)),
    Scalar.FLAG: lambda value: bool(_integer(value)) or "",
    Scalar.TIME: _time,
    Scalar.INTEGER_OR_TEXT: _integer_or_text,
}
