"""JSON Patch (RFC 6902): operations on places named by JSON Pointers (RFC 6901), all of them or none."""

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

from tulle.codec.patches.errors import PatchError, PatchMisses, PatchTooLarge

MAX_OPERATIONS = 10_000
"""As in Kubernetes."""

MAX_DEPTH = 64
"""Steps of a pointer: nothing we keep is deeper."""

MAX_COPIED = 1_000_000
"""Values and characters all `copy` operations together may copy: each may double what is there."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_END = "-"

Pointer = tuple[str, ...]


def apply(document: object, patch: object) -> object:
    """The document after all operations; raises PatchError and leaves what it was given alone."""
    if not isinstance(patch, list):
        raise PatchError("", "a JSON patch is a list of operations", "each with op and path")
    if len(patch) > MAX_OPERATIONS:
        message = f"has {len(patch)} operations, more than the {MAX_OPERATIONS} allowed"
        raise PatchTooLarge("", message, "send them in parts")
    work = _Work(copy.deepcopy(document))
    for index, operation in enumerate(patch):
        work.do(operation, f"[{index}]")
    return work.document


def is_same(one: object, other: object) -> bool:
    """Equal as JSON: 1 is 1.0, and no boolean is a number."""
    match one, other:
        case (dict(), dict()):
            return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
        case (list(), list()):
            return len(one) == len(other) and all(map(is_same, one, other))
        case (bool(), _) | (_, bool()):
            return one is other
        case _:
            return one == other


class _Work:
    """A document under change."""

    def __init__(self, document: object) -> None:
        self.document = document
        self._copied = 0

    def do(self, operation: object, at: str) -> None:
        if not isinstance(operation, dict):
            raise PatchError(at, "an operation is a mapping with op and path")
        steps: Mapping[str, Callable[[Mapping[str, Any], str], object]] = {
            "add": lambda op, at: self._add(_pointer(op, "path", at), _value(op, at), at),
            "remove": lambda op, at: self._take(_pointer(op, "path", at), at),
            "replace": self._replace,
            "move": self._move,
            "copy": self._copy,
            "test": self._test,
        }
        name = operation.get("op")
        if not isinstance(name, str) or name not in steps:
            raise PatchError(f"{at}.op", f"must be one of {', '.join(steps)}")
        steps[name](operation, at)

    def _replace(self, operation: Mapping[str, Any], at: str) -> None:
        pointer, value = _pointer(operation, "path", at), _value(operation, at)
        if not pointer:
            self.document = value
            return
        parent, step = self._parent(pointer, at)
        self._get(pointer, at)
        parent[_index(step) if isinstance(parent, list) else step] = value

    def _move(self, operation: Mapping[str, Any], at: str) -> None:
        source, target = _pointer(operation, "from", at), _pointer(operation, "path", at)
        if target[: len(source)] == source and target != source:
            raise PatchError(f"{at}.path", "lies inside of what is moved")
        self._add(target, self._take(source, at), at)

    def _copy(self, operation: Mapping[str, Any], at: str) -> None:
        value = self._get(_pointer(operation, "from", at), at)
        self._copied += _weight(value)
        if self._copied > MAX_COPIED:
            raise PatchTooLarge(at, "copies more than is allowed at once", "send the values")
        self._add(_pointer(operation, "path", at), copy.deepcopy(value), at)

    def _test(self, operation: Mapping[str, Any], at: str) -> None:
        pointer = _pointer(operation, "path", at)
        if not is_same(self._get(pointer, at), _value(operation, at)):
            raise PatchMisses(f"{at}.path", f"the value at {_text(pointer)} is another one")

    def _add(self, pointer: Pointer, value: object, at: str) -> None:
        if not pointer:
            self.document = value
            return
        parent, step = self._parent(pointer, at)
        if isinstance(parent, dict):
            parent[step] = value
            return
        index = len(parent) if step == _END else _index(step)
        if not 0 <= index <= len(parent):
            raise _missing(pointer, at)
        parent.insert(index, value)

    def _take(self, pointer: Pointer, at: str) -> object:
        if not pointer:
            raise PatchError(f"{at}.path", "the whole document cannot be taken away")
        value = self._get(pointer, at)
        parent, step = self._parent(pointer, at)
        del parent[_index(step) if isinstance(parent, list) else step]
        return value

    def _parent(self, pointer: Pointer, at: str) -> tuple[Any, str]:
        parent = self._get(pointer[:-1], at)
        if not isinstance(parent, dict | list):
            raise _missing(pointer, at)
        return parent, pointer[-1]

    def _get(self, pointer: Pointer, at: str) -> Any:
        value: Any = self.document
        for step in pointer:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and 0 <= _index(step) < len(value):
                value = value[_index(step)]
            else:
                raise _missing(pointer, at)
        return value


def _pointer(operation: Mapping[str, Any], member: str, at: str) -> Pointer:
    text = operation.get(member)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchError(f"{at}.{member}", 'must be a JSON pointer such as "/spec/ports/0"')
    steps = text.split("/")[1:]
    if len(steps) > MAX_DEPTH:
        raise PatchError(f"{at}.{member}", f"has more than {MAX_DEPTH} steps")
    if any(re.search(r"~(?![01])", step) for step in steps):
        raise PatchError(f"{at}.{member}", "has a ~ that is neither ~0 nor ~1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _value(operation: Mapping[str, Any], at: str) -> object:
    if "value" not in operation:
        raise PatchError(f"{at}.value", "is required")
    return copy.deepcopy(operation["value"])  # one value may be added at several places


def _index(step: str) -> int:
    """The index a step names; -1 for what is none."""
    return int(step) if _INDEX.fullmatch(step) else -1


def _missing(pointer: Pointer, at: str) -> PatchMisses:
    return PatchMisses(f"{at}.path", f"there is no {_text(pointer)}")


def _text(pointer: Pointer) -> str:
    shown = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in pointer)
    return (shown if len(shown) <= 120 else f"{shown[:119]}…") or "document"


def _weight(value: object) -> int:
    match value:
        case dict():
            return 1 + sum(len(str(key)) + _weight(item) for key, item in value.items())
        case list():
            return 1 + sum(map(_weight, value))
        case str():
            return 1 + len(value)
        case _:
            return 1
