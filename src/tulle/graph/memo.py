"""Reuse of results while compiling: what depends on unchanged values is not worked out again.

Everything compiled is a pure function of frozen values, so a result may be kept as long as its inputs are
equal, and an equal new result is thrown away for the old object: later rooms then see by identity what did
not change. Unchanged inputs are the same objects, so comparing them costs next to nothing. This is the only
clever file of the room; a property test pins it to a full compile.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import ne
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

    def each(
        self,
        function: Callable[[*Ts], R],
        name: Callable[[tuple[*Ts]], Hashable],
        rows: Iterable[tuple[*Ts]],
    ) -> tuple[R, ...]:
        """`function(*row)` for each row, worked out only for rows that differ from the last round's of that name.

        A function has one such table. Where rows only change, and none comes or goes, the others cost a
        comparison each and nothing else; if no result is other than before, it is the same tuple.
        """
        now = tuple(rows)
        slot = self._last.get(function) or _Slot((), ())
        before = cast(tuple[tuple[*Ts], ...], slot.inputs)
        results = cast(tuple[R, ...], slot.result)
        changed = [place for place, is_other in enumerate(map(ne, before, now)) if is_other]
        if len(before) == len(now) and all(name(before[i]) == name(now[i]) for i in changed):
            results = _replaced(results, {i: function(*now[i]) for i in changed})
        else:
            known = {name(row): (row, old) for row, old in zip(before, results, strict=True)}
            results = tuple(_again(known.get(name(row)), function, row) for row in now)
        self._next[function] = _Slot(now, results)
        return results

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


def _replaced(results: tuple[R, ...], fresh: Mapping[int, R]) -> tuple[R, ...]:
    """The same results, the same object even, but for those that are really other than before."""
    news = {place: result for place, result in fresh.items() if result != results[place]}
    if not news:
        return results
    changed = list(results)
    for place, result in news.items():
        changed[place] = result
    return tuple(changed)


def _again(known: tuple[tuple[*Ts], R] | None, function: Callable[[*Ts], R], row: tuple[*Ts]) -> R:
    """What is known of an equal row, or else is made of this one; the known object if it comes out equal."""
    if known is not None and known[0] == row:
        return known[1]
    result = function(*row)
    return known[1] if known is not None and known[1] == result else result


def _same_as_before(slot: _Slot | None, result: R) -> R:
    if slot is not None and slot.result == result:
        return slot.result
    return result
