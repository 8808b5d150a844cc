"""Agents and control planes of different versions: who may talk, and how what the other adds is read.

Each minor version of Tulle speaks one version of the wire (`WIRE`), a number that goes up with the first change to
its messages. Either side says its own in the metadata of each call (`METADATA`): metadata nobody knows is ignored
by everybody, also by those who came before it, so it needs no message to agree on. The rules (record 0009):

- one apart is fine, in both directions; further apart is refused, by whoever notices;
- within one version every field is known, so an unknown one is a mistake, and refused;
- of a neighbour's messages unknown fields and unknown frames are passed over; what is needed must have a default;
- nobody sends a neighbour of before what that one cannot read: new frames only to who speaks the version they came
  with, new fields only where they say something (`Frame` leaves defaults out).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Generic, TypeVar

import msgspec
from msgspec import inspect

from tulle.model.wire import FromAgent, FromServer, Refused

T = TypeVar("T")

WIRE = 2
"""What we speak. Whoever changes a message of `model.wire` for the first time after a release adds one."""

UNSAID = 1
"""What those speak who say none: the first release did not."""

SPEAKS_LOG_LEVELS = 2
"""From when on agents know `SetLogLevels`."""

SPEAKS_OF_PROXIES = 2
"""From when on agents know `ProxySettings` and `ReplaceProxy`."""

SPEAKS_OF_ISSUE = 2
"""From when on agents know `Credentials.issued_at`."""

METADATA = "tulle-wire"
OURS = ((METADATA, str(WIRE)),)
"""What we say with each call."""

_APART = 1
_MOST_DIGITS = 6


def said(metadata: Iterable[tuple[str, str | bytes]] | None) -> int:
    """The version somebody's metadata says; 0, which is far from everybody, if it says nonsense."""
    for key, value in metadata or ():
        if key == METADATA:
            text = value.decode(errors="replace") if isinstance(value, bytes) else value
            return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0
    return UNSAID


def too_far(theirs: int, *, they: str, we: str) -> Refused | None:
    """Why a peer cannot be talked to, None if it can. `they` and `we` say who is who: `agent`, `control plane`."""
    if abs(theirs - WIRE) <= _APART:
        return None
    older, newer = (they, we) if theirs < WIRE else (we, they)
    return Refused(
        code="version-skew",
        message=f"the {they} speaks version {theirs} of the wire, the {we} version {WIRE}: "
        "they may be one minor version of Tulle apart, not more",
        hint=f"upgrade the {older}, one minor version after the other, or put the {newer} back to the one before",
    )


class Reader(Generic[T]):
    """Reads messages of one type, by the version of who wrote them."""

    def __init__(self, kind: object) -> None:
        self._strict: Callable[[bytes], T] = msgspec.json.Decoder(kind).decode
        self._kind = kind

    def read(self, data: bytes, theirs: int) -> T | None:
        """A message; None for a frame later versions have added. Raises msgspec.MsgspecError."""
        if theirs == WIRE:
            return self._strict(data)
        known = _known(msgspec.json.decode(data), _type_info(self._kind))
        if known is _STRANGE:
            return None if theirs > WIRE else self._strict(data)
        found: T = msgspec.convert(known, self._kind)
        return found


FROM_AGENT: Reader[FromAgent] = Reader(FromAgent)
FROM_SERVER: Reader[FromServer] = Reader(FromServer)

_STRANGE = object()
"""In place of a frame whose tag we do not know."""

_type_info = cache(inspect.type_info)


def _known(value: object, kind: inspect.Type) -> object:
    """The part of a plain value that a type knows; what does not fit is left for the decoder to refuse."""
    match kind:
        case inspect.StructType(tag_field=tag_field) if isinstance(value, dict):
            tag = {tag_field: value[tag_field]} if tag_field in value else {}
            return tag | _known_fields(value, kind.fields)
        case inspect.DataclassType() if isinstance(value, dict):
            return _known_fields(value, kind.fields)
        case inspect.UnionType():
            return _known_of(value, kind.types)
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list):
            return [_known(item, kind.item_type) for item in value]
        case inspect.DictType() if isinstance(value, dict):
            return {name: _known(item, kind.value_type) for name, item in value.items()}
        case _:
            return value


def _known_fields(
    value: Mapping[object, object], fields: Iterable[inspect.Field]
) -> dict[object, object]:
    return {
        field.encode_name: _known(value[field.encode_name], field.type)
        for field in fields
        if field.encode_name in value
    }


def _known_of(value: object, kinds: Iterable[inspect.Type]) -> object:
    """Of a union, as the member it is; tagged ones say which."""
    structs = [kind for kind in kinds if isinstance(kind, inspect.StructType)]
    if not isinstance(value, Mapping) or not structs:
        inner = [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]
        return _known(value, inner[0]) if len(inner) == 1 and value is not None else value
    if len(structs) == 1:
        return _known(value, structs[0])
    named = {kind.tag: kind for kind in structs}
    tag = value.get(structs[0].tag_field)
    if isinstance(tag, str) and tag not in named:
        return _STRANGE
    return _known(value, named[tag]) if tag in named else value
