import random

from hypothesis import given
from hypothesis import strategies as st
from tests.tunnel import Lane, Shape

ARRIVALS = st.lists(st.tuples(st.floats(0, 1), st.integers(40, 1500)), max_size=50)
SHAPES = st.builds(
    Shape,
    delay_s=st.floats(0, 1),
    jitter_s=st.floats(0, 1),
    loss=st.floats(0, 1),
    bytes_per_s=st.one_of(st.just(0.0), st.floats(1000, 1e9)),
)


def departures(shape: Shape, arrivals: list[tuple[float, int]], seed: int) -> list[float | None]:
    lane, now = Lane(random.Random(seed)), 0.0
    out = []
    for pause, size in arrivals:
        now += pause
        out.append(lane.leaves_at(now, size, shape))
    return out


@given(SHAPES, ARRIVALS, st.integers())
def test_the_same_seed_gives_the_same_fate(
    shape: Shape, arrivals: list[tuple[float, int]], seed: int
) -> None:
    assert departures(shape, arrivals, seed) == departures(shape, arrivals, seed)


@given(SHAPES, ARRIVALS, st.integers())
def test_packets_never_overtake_and_never_come_before_the_delay(
    shape: Shape, arrivals: list[tuple[float, int]], seed: int
) -> None:
    passed = [due for due in departures(shape, arrivals, seed) if due is not None]

    assert passed == sorted(passed)
    assert all(due >= shape.delay_s for due in passed)


def test_about_the_asked_share_is_lost() -> None:
    fates = departures(Shape(loss=0.2), [(0.001, 100)] * 5000, seed=1)

    assert 0.17 < fates.count(None) / len(fates) < 0.23


def test_a_limited_link_passes_what_it_can_and_loses_what_would_wait_too_long() -> None:
    shape = Shape(bytes_per_s=1000, queue_s=1.0)
    at_once = departures(shape, [(0.0, 100)] * 50, seed=1)

    passed = [due for due in at_once if due is not None]
    assert len(passed) == 11  # a second's worth waits behind the one on the wire
    assert passed[-1] == 1.1 or abs(passed[-1] - 1.1) < 1e-9
