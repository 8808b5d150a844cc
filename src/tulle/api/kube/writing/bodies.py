"""Bodies: JSON, YAML or Kubernetes' protobuf, bounded, with the fields that were written twice. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tulle.api.errors import ApiError
from tulle.api.kube.writing.refusals import bad_request
from tulle.codec.documents import documents
from tulle.codec.wire import reader as protobuf
from tulle.codec.wire.reader import CONTENT_TYPE as PROTOBUF
from tulle.model.problems import Problem

JSON, YAML = "application/json", "application/yaml"
MAX_DEPTH = 100

_YAMLS = frozenset({YAML, "application/x-yaml", "text/yaml"})
_TWICE = "duplicate-key"


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent, and each field of it that was written twice: the last one counts, if any may."""

    value: Any
    twice: tuple[Problem, ...] = ()


def read_object(data: bytes, content_type: str) -> Body:
    """The body of a create or replace; without a type it is JSON. Raises ApiError (400, 415)."""
    if content_type in _YAMLS:
        return read_yaml(data)
    if content_type == PROTOBUF:
        return _read_protobuf(data)
    if content_type in {JSON, ""}:
        return read_json(data)
    raise unsupported(content_type, [JSON, YAML, PROTOBUF])


def _read_protobuf(data: bytes) -> Body:
    """What typed clients send; nothing can be written twice in it."""
    found = protobuf.read_object(data)
    if isinstance(found, Problem):
        raise bad_request(found.code, f"{found.message}; {found.hint}")
    return Body(found)


def unsupported(content_type: str, known: Sequence[str]) -> ApiError:
    """415, with what is supported."""
    message = (
        f"the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(known)}"
    )
    hint = f"{content_type[:60]!r} is none of them" if content_type else "say which one it is"
    return ApiError(415, "media-type-not-supported", message, hint)


def read_json(data: bytes) -> Body:
    """JSON of any kind."""
    twice: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.append("")
        return found

    try:
        value = json.loads(data, object_pairs_hook=mapping, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise _malformed(reason) from None
    _check_depth(value)
    # Where they stand is worth a slower reading.
    return Body(value, read_yaml(data).twice if twice else ())


def read_yaml(data: bytes) -> Body:
    """One document of YAML."""
    try:
        found, broken = documents(data.decode(), "")
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None
    if broken:
        raise _malformed(broken[0].message)
    if len(found) != 1:
        raise _malformed(f"it holds {len(found)} documents, where one is wanted")
    twice = tuple(one for one in found[0].problems if one.code == _TWICE)
    return Body(found[0].value, twice)


def _check_depth(value: object) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _malformed("it nests too deeply")
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _malformed(why: str) -> ApiError:
    return bad_request("request-malformed", f"the request cannot be read: {why}")
