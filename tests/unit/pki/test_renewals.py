"""Renewal at half life, spread out; clocks that disagree are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.pki.renewals import BACKDATE_S, check_clock, issue_time, pause_s, renew_at

NOW = 1_800_000_000.0
JITTER = st.floats(0, 1, exclude_max=True)
LIFE = st.floats(1, 10 * 86400)


@given(LIFE, JITTER)
def test_a_certificate_is_renewed_around_half_of_its_life(life_s: float, jitter: float) -> None:
    when = renew_at(NOW, NOW + life_s, jitter)

    assert NOW + 0.449 * life_s <= when <= NOW + 0.551 * life_s


def test_a_short_life_is_not_eaten_by_the_backdate() -> None:
    assert renew_at(issue_time(NOW, NOW - BACKDATE_S), NOW + 20, 0.5) == NOW + 10


@given(LIFE, JITTER, JITTER)
def test_jitter_spreads_a_fleet(life_s: float, one: float, other: float) -> None:
    first, second = (renew_at(NOW, NOW + life_s, luck) for luck in (one, other))

    assert (one < other) <= (first <= second)


def test_the_time_of_issue_is_what_the_control_plane_says() -> None:
    assert issue_time(NOW, NOW - BACKDATE_S) == NOW


def test_certificates_of_control_planes_that_do_not_say_it_began_a_minute_before() -> None:
    assert issue_time(None, NOW - 60) == NOW


@pytest.mark.parametrize("skew_s", [-3600, -59, 0, 19])
def test_small_differences_between_clocks_do_not_matter(skew_s: float) -> None:
    assert check_clock(NOW, NOW - BACKDATE_S, NOW + 20, NOW + skew_s) is None


@pytest.mark.parametrize(("skew_s", "words"), [(-6000, "6000 s behind"), (3000, "3000 s ahead of")])
def test_a_clock_that_is_wrong_is_named_with_the_way_out(skew_s: float, words: str) -> None:
    found = check_clock(NOW, NOW - BACKDATE_S, NOW + 20, NOW + skew_s)

    assert found is not None
    assert found.code == "clock-skew"
    assert words in found.message
    assert "NTP" in found.hint


@given(st.floats(0.1, 60.0), st.floats(-10.0, 86400.0))
def test_a_try_again_never_comes_later_than_it_was_wanted_nor_too_late(
    wanted_s: float, left_s: float
) -> None:
    pause = pause_s(wanted_s, left_s)

    assert pause <= wanted_s
    assert pause <= max(0.5, left_s / 8)
    assert pause > 0
