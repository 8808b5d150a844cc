"""Reuse of results while compiling: what depends on unchanged values is not worked out again.

Everything compiled is a pure function of frozen values, so a result may be kept as long as its inputs are
equal, and an equal new result is thrown away for the old object: later rooms then see by identity what did
not change. Unchanged inputs are the same objects, so comparing them costs next to nothing. This is the only
clever file of the room; a property test pins it to a full compile.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple, cast

Ts = TypeVarTuple("Ts")
R = TypeVar("R")


@dataclass(slots=True)
class _Slot:
    """A result, what it was made of, and for a phase the memo it works with."""

    inputs: tuple[object, ...]
    result: object
    inner: "Memo | None" = None


class Memo:
    """Results of the last round by key. A round ends with `turn`: what it did not ask for is forgotten."""

    __slots__ = ("_last", "_next")

    def __init__(self) -> None:
        self._last: dict[Hashable, _Slot] = {}
        self._next: dict[Hashable, _Slot] = {}

    def one(self, key: Hashable, function: Callable[[*Ts], R], *inputs: *Ts) -> R:
        """`function(*inputs)`, worked out only if the inputs under this key differ from the last round's."""
        slot = self._last.get(key)
        if slot is None or slot.inputs != inputs:
            slot = _Slot(inputs, _same_as_before(slot, function(*inputs)))
        self._next[key] = slot
        return cast(R, slot.result)

    def phase(self, function: Callable[["Memo", *Ts], R], *inputs: *Ts) -> R:
        """Like `one`, for a phase with many results: it gets a memo of its own, untouched while it is skipped."""
        slot = self._last.get(function)
        if slot is None or slot.inputs != inputs:
            inner = slot.inner if slot and slot.inner else Memo()
            result = function(inner, *inputs)
            inner.turn()
            slot = _Slot(inputs, _same_as_before(slot, result), inner)
        self._next[function] = slot
        return cast(R, slot.result)

    def keep(self, key: Hashable, value: R) -> R:
        """The last round's object under this key if it is equal, else the value itself."""
        kept = _same_as_before(self._last.get(key), value)
        self._next[key] = _Slot((), kept)
        return kept

    def turn(self) -> None:
        """End the round."""
        self._last, self._next = self._next, {}


def _same_as_before(slot: _Slot | None, result: R) -> R:
    if slot is not None and slot.result == result:
        return slot.result
    return result
