"""What rows measured as text: for the terminal, and for the page in docs/ that `FAULTS=write` rewrites. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

from tests.faults.table import Row
from tests.faults.verdicts import Outcome
from tests.faults.words import ALL, promise

HEAD = ("fault", "what holds", "HTTP", "gRPC", "TCP", "longest wait", "well again after")

INTRODUCTION = """\
# What faults cost

Every row is a fault that was made to happen to a mesh of real processes on four hosts (network namespaces), while an
independent client that knows nothing of the mesh and never retries sent HTTP (200 requests a second, at least 1,000),
gRPC (50 calls a second) and TCP (20 streams with checksums) through it. The suite is
[tests/faults](../../tests/faults/table.py); it fails when what has to hold does not. `make test-faults` runs it, and
prints this table with new figures; `FAULTS=write make test-faults` rewrites the page.

- **HTTP, gRPC, TCP**: how many failed, of how many.
- **longest wait**: the slowest of those that did not fail, in seconds: a fault may delay what it must not lose.
- **well again after**: seconds from the end of the fault until every workload is ready and connected, and a change of
  configuration has been confirmed by every proxy. Some of it is the command line, started anew for each question.

`front` is where callers are, `back` and `spare` where programs are, `control` is the control plane's host. The
program `web` has an instance on `back` and one on `spare`; `calls` (gRPC) and `echo` (TCP) are on `back` alone.
Workloads have an agent each (`tulle run`), unless a row says that one agent carries a host (`tulle agent`), or that
traffic is captured (the caller's whole namespace, and each program's control group, by agents of hosts).
"""

EXPLANATION = """\
What each fault means for a mesh, and what to do about it, is told in [what happens when things die](failures.md).
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A row and what came of it."""

    row: Row
    outcome: Outcome


def cells(row: Row, outcome: Outcome) -> tuple[str, ...]:
    """A line of the table."""
    tallies = outcome.tallies
    slowest = max(tally.slowest_s for tally in tallies.values())
    counts = (f"{tallies[kind].failed} of {tallies[kind].sent:,}" for kind in ALL)
    waits = f"{slowest:.2f} s", f"{outcome.recovery_s:.1f} s"
    return (row.name, promise(row.holds), *counts, *waits)


def in_terminal(measured: Sequence[Measured]) -> Iterator[str]:
    """Columns, for people who watch."""
    if not measured:
        return
    lines = [HEAD, *(cells(one.row, one.outcome) for one in measured)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(starmap(str.ljust, zip(line, widths, strict=True))).rstrip()


def page(measured: Iterable[Measured], machine: str) -> str:
    """The whole page."""
    lines = [HEAD, ("---",) * len(HEAD), *(cells(one.row, one.outcome) for one in measured)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{INTRODUCTION}\n{table}\n\nMeasured on {machine}.\n\n{EXPLANATION}"


def rows_of(text: str) -> list[tuple[str, str]]:
    """The faults a page shows, and what it says holds."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [(line[0], line[1]) for line in found]
