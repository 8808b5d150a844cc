"""Durations as Gateway API writes them (GEP-2257): `1h30m`, `250ms`, `0s`."""

import re
from typing import Annotated

import msgspec

PATTERN = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"

Duration = Annotated[
    str, msgspec.Meta(pattern=PATTERN, description="A duration such as 250ms, 10s or 1h30m.")
]
"""The text form users write; `seconds` reads it."""

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def seconds(text: str) -> float:
    """The length in seconds of a duration that matches `PATTERN`."""
    return sum(
        float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)(ms|h|m|s)", text)
    )
