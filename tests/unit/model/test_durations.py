"""Durations as Gateway API writes them."""

import re

import pytest

from tulle.model.durations import PATTERN, seconds


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("10s", 10.0),
        ("1m", 60.0),
        ("1h30m", 5400.0),
        ("1h1m1s1ms", 3661.001),
        ("1s1s", 2.0),
        ("99999h", 359996400.0),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, length: float) -> None:
    assert re.search(PATTERN, text)
    assert seconds(text) == pytest.approx(length)


@pytest.mark.parametrize("text", ["", "1", "s", "1.5s", "-1s", "1d", "1us", "100000s", "1s " * 2])
def test_other_texts_are_no_durations(text: str) -> None:
    assert not re.search(PATTERN, text)
