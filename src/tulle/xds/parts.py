"""A part of a snapshot: what one input became, with what it refers to. Shared among all who have that input."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tulle.xds.resources import Typed
from tulle.xds.snapshots import Reference

T = TypeVar("T")

LARGEST = 65_536
"""Entries a memo holds at most; the one not asked for longest goes first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Resources made together, and the references in them that the snapshot must answer."""

    resources: tuple[Typed, ...] = ()
    references: tuple[Reference, ...] = ()


class Memo(Generic[T]):
    """The last result under each key, reused while its inputs are the same.

    Inputs are compared by identity first and by value only then, so that a graph compiled anew with equal
    parts costs a comparison and no building.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._held: dict[Hashable, tuple[tuple[object, ...], T]] = {}
        self._largest = largest

    def get(self, key: Hashable, inputs: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gives, or gave for equal inputs."""
        held = self._held.pop(key, None)
        if held is None or held[0] != inputs:
            held = (inputs, make())
        self._held[key] = held
        if len(self._held) > self._largest:
            del self._held[next(iter(self._held))]
        return held[1]
