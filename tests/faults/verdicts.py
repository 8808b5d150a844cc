"""What a row measured, and whether what has to hold held. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from tests.faults.table import Row
from tests.faults.traffic import LEAST_HTTP, STREAMS, Tallies, Tally
from tests.faults.words import ALL, FailsClosed, OnlyVictim, Unharmed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of a row came to. Moments are of the monotonic clock.

    `recovered_at`: every workload was well again, and a change had arrived everywhere. `closed_from`: when the
    certificates ended, where that is the fault.
    """

    tallies: Tallies
    ended_at: float
    recovered_at: float
    closed_from: float | None = None

    @property
    def recovery_s(self) -> float:
        """From the end of the fault until a change arrives everywhere."""
        return self.recovered_at - self.ended_at


def complaints(row: Row, outcome: Outcome) -> list[str]:
    """Everything that does not hold; none is what we want."""
    return [*_too_little(outcome.tallies), *_lost(row, outcome)]


def _too_little(tallies: Tallies) -> Iterator[str]:
    """A row that sent next to nothing shows nothing."""
    least = {"http": LEAST_HTTP, "grpc": LEAST_HTTP // 5, "tcp": STREAMS}
    for kind in ALL:
        if tallies[kind].sent < least[kind]:
            yield f"{kind}: only {tallies[kind].sent} sent, {least[kind]} are wanted"


def _lost(row: Row, outcome: Outcome) -> Iterator[str]:
    match row.holds:
        case Unharmed():
            yield from _failures(outcome.tallies)
        case OnlyVictim(kinds=kinds, others_serve=others):
            yield from _failures({k: t for k, t in outcome.tallies.items() if k not in kinds})
            for kind in kinds:
                yield from _late(kind, outcome.tallies[kind], outcome.recovered_at)
            if others and not outcome.tallies["http"].answers.get(others):
                yield f"{others} answered nothing"
        case FailsClosed():
            yield from _around(outcome)
        case _:
            assert_never(row.holds)


def _failures(tallies: Mapping[str, Tally]) -> Iterator[str]:
    for kind, tally in tallies.items():
        if tally.failed:
            yield f"{kind}: {tally.failed} of {tally.sent} failed: {tally.errors}"


def _late(kind: str, tally: Tally, recovered_at: float) -> Iterator[str]:
    if tally.failed_at and tally.failed_at[-1] > recovered_at:
        late_s = tally.failed_at[-1] - recovered_at
        yield f"{kind}: still fails {late_s:.1f} s after everything was well: {tally.errors}"


def _around(outcome: Outcome) -> Iterator[str]:
    assert outcome.closed_from is not None
    for kind, tally in outcome.tallies.items():
        if tally.failed_at and tally.failed_at[0] < outcome.closed_from:
            early_s = outcome.closed_from - tally.failed_at[0]
            yield f"{kind}: fails {early_s:.1f} s before the certificates end: {tally.errors}"
        yield from _late(kind, tally, outcome.recovered_at)
