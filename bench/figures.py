"""A figure: one JSON line. `baseline` is what the value is a ratio to, or None for an absolute one."""

import json
import os
import statistics
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass

QUICK = os.environ.get("QUICK", "") not in {"", "0"}


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`, the `baseline` it was measured beside, the `target` of the design."""

    name: str
    value: float
    unit: str
    baseline: str
    target: float | None = None

    def line(self) -> str:
        return json.dumps({**asdict(self), "value": round(self.value, 4)})


def show(figures: Iterable[Figure]) -> None:
    """Print them as they come."""
    for figure in figures:
        print(figure.line(), flush=True)


def progress(text: str) -> None:
    """What is being measured, on standard error."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return statistics.median(values)
