"""What a workload's Envoys counted together, one after another. Pure: readings in, sums out.

An Envoy counts from zero; one that takes over from another adds what that one counts until it is gone, and forgets
some of it then. So a number that is smaller than at the last reading has begun anew, and what it was is kept.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from tulle.model.wire import EdgeReport, EdgeSample

EdgeT = TypeVar("EdgeT", EdgeReport, EdgeSample)

_EMPTY = EdgeReport(edges=())
_COUNTS = ("requests", "failures", "connections", "handshakes", "connect_failures")
_TOTALS = (
    "inbound_handshakes",
    "inbound_without_certificate",
    "inbound_plaintext",
    "denied",
    "refused",
    "passed_through",
)


class Totals(msgspec.Struct, frozen=True):
    """`life` is the number of the Envoy that was read last, `latest` that reading; `before` is all of before it."""

    life: int = 0
    before: EdgeReport = _EMPTY
    latest: EdgeReport = _EMPTY

    @property
    def sum(self) -> EdgeReport:
        """All together; times are those of the latest reading, for quantiles do not add."""
        return add(self.before, self.latest)


def fold(totals: Totals, life: int, now: EdgeReport) -> Totals:
    """After one more reading."""
    lost = totals.latest if life != totals.life else _begun_anew(totals.latest, now)
    return Totals(life, _counted(add(totals.before, lost)), now)


def add(before: EdgeReport, now: EdgeReport) -> EdgeReport:
    """Counts added up; times of `now`."""
    return _merge(before, now, lambda old, new: old + new)


def _begun_anew(latest: EdgeReport, now: EdgeReport) -> EdgeReport:
    """Of the latest reading, the numbers that are smaller now; zero for all others."""
    edges = {_key(edge): edge for edge in now.edges}
    absent = [msgspec.structs.replace(edge, **_zeros(_COUNTS)) for edge in latest.edges]
    padded = {**{_key(edge): edge for edge in absent}, **edges}
    whole = msgspec.structs.replace(now, edges=tuple(padded.values()))
    return _merge(latest, whole, lambda old, new: old if new < old else 0)


def _merge(first: EdgeReport, second: EdgeReport, combine: Callable[[int, int], int]) -> EdgeReport:
    edges = {_key(edge): edge for edge in first.edges}
    for edge in second.edges:
        known = edges.get(_key(edge)) or msgspec.structs.replace(edge, **_zeros(_COUNTS))
        edges[_key(edge)] = _combined(known, edge, _COUNTS, combine)
    whole = msgspec.structs.replace(second, edges=tuple(edges.values()))
    return _combined(first, whole, _TOTALS, combine)


def _counted(report: EdgeReport) -> EdgeReport:
    """Without edges that say nothing."""
    said = (edge for edge in report.edges if any(getattr(edge, name) for name in _COUNTS))
    return msgspec.structs.replace(report, edges=tuple(said))


def _combined(
    first: EdgeT, second: EdgeT, names: Iterable[str], combine: Callable[[int, int], int]
) -> EdgeT:
    values = {name: combine(getattr(first, name), getattr(second, name)) for name in names}
    return msgspec.structs.replace(second, **values)


def _zeros(names: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(names, 0)


def _key(edge: EdgeSample) -> tuple[str, str, int, str]:
    return edge.namespace, edge.service, edge.port, edge.protocol
