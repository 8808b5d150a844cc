"""Families count what they are told, and the text form is what Prometheus reads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.ops import metrics
from tulle.ops.metrics import MAX_SERIES, ControlPlaneMetrics, Counter, Gauge, Histogram

SAMPLE = re.compile(
    r'[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? \S+'
)


def lines(family: Counter | Gauge | Histogram) -> list[str]:
    return list(family.render())


def test_a_counter_counts_per_labels() -> None:
    pushes = Counter("pushes_total", "Pushes.", ["type"])
    pushes.add(type="route")
    pushes.add(2, type="cluster")
    pushes.add(type="route")

    assert lines(pushes) == [
        "# HELP pushes_total Pushes.",
        "# TYPE pushes_total counter",
        'pushes_total{type="cluster"} 2',
        'pushes_total{type="route"} 2',
    ]


def test_a_counter_never_shrinks() -> None:
    with pytest.raises(ValueError, match="grows"):
        Counter("x_total", "X.").add(-1)


def test_without_labels_zero_is_shown_from_the_start() -> None:
    assert lines(Counter("x_total", "X."))[-1] == "x_total 0"


def test_a_gauge_is_what_was_said_last() -> None:
    gauge = Gauge("g", "G.")
    gauge.set(3)
    gauge.set(1.5)

    assert lines(gauge)[-1] == "g 1.5"


def test_a_gauge_can_follow_a_value() -> None:
    proxies = ["a"]
    gauge = Gauge("g", "G.")
    gauge.follow(lambda: len(proxies))
    proxies.append("b")

    assert lines(gauge)[-1] == "g 2"


def test_a_gauge_forgets_what_is_gone() -> None:
    gauge = Gauge("g", "G.", ["certificate"])
    gauge.set(1, certificate="old")
    gauge.set(2, certificate="new")
    gauge.forget(certificate="old")
    gauge.forget(certificate="never")

    assert lines(gauge)[2:] == ['g{certificate="new"} 2']


def test_a_histogram_counts_at_and_below_each_bound() -> None:
    times = Histogram("t_seconds", "T.", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        times.observe(value)

    assert lines(times)[2:] == [
        't_seconds_bucket{le="0.1"} 2',
        't_seconds_bucket{le="1"} 3',
        't_seconds_bucket{le="+Inf"} 4',
        "t_seconds_sum 7.65",
        "t_seconds_count 4",
    ]


@pytest.mark.parametrize("labels", [{}, {"kind": "x"}, {"type": "x", "more": "y"}])
def test_labels_must_be_those_of_the_family(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="labels"):
        Counter("x_total", "X.", ["type"]).add(1, **labels)


def test_the_number_of_series_is_bounded_and_the_loss_is_counted() -> None:
    everything = ControlPlaneMetrics()
    for number in range(MAX_SERIES + 7):
        everything.pushes.add(type=f"type{number}")

    text = everything.render()

    assert text.count("tulle_pushes_total{") == MAX_SERIES
    assert "tulle_metrics_dropped_total 7\n" in text
    assert "tulle_metrics_dropped_total 7\n" in everything.render()


@given(st.dictionaries(st.text(), st.floats(0, 1e9), max_size=5))
def test_every_line_is_one_prometheus_reads(values: dict[str, float]) -> None:
    gauge = Gauge("g", "G.", ["name"])
    for name, value in values.items():
        gauge.set(value, name=name)

    samples = lines(gauge)[2:]

    assert len(samples) == len(values)
    for sample in samples:
        assert SAMPLE.fullmatch(sample), sample
        assert float(sample.rpartition(" ")[2]) in values.values()


def test_every_family_has_a_name_of_ours_and_a_sentence() -> None:
    everything = ControlPlaneMetrics()
    everything.convergence.observe(0.2)
    everything.refusals.add(type="route")
    everything.expiries.set(1_800_000_000, certificate="root")

    text = everything.render()

    assert text.endswith("\n")
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
    assert all(name.startswith("tulle_") for name in names)
    assert text.count("# HELP") == len(names)
    assert 'tulle_certificate_expiry_timestamp_seconds{certificate="root"} 1800000000' in text
    assert "version=0.0.4" in metrics.CONTENT_TYPE
