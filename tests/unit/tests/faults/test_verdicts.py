from dataclasses import replace

from tests.faults.table import Row
from tests.faults.traffic import LEAST_HTTP, STREAMS, Tally
from tests.faults.verdicts import Outcome, complaints
from tests.faults.words import FailsClosed, Kill, OnlyVictim, Server

GOOD = Tally(LEAST_HTTP, 0, {"v1": 500, "v2": 500}, {}, (), 0.1)
WELL = Outcome(
    {"http": GOOD, "grpc": GOOD, "tcp": replace(GOOD, sent=STREAMS)},
    ended_at=5.0,
    recovered_at=8.0,
)
UNHARMED = Row(Kill(Server()))


def with_failures(kind: str, *moments: float) -> Outcome:
    bad = replace(GOOD, failed=len(moments), errors={"reset": len(moments)}, failed_at=moments)
    return replace(WELL, tallies={**WELL.tallies, kind: bad})


def test_a_run_without_a_failure_has_nothing_to_complain_of() -> None:
    assert complaints(UNHARMED, WELL) == []
    assert WELL.recovery_s == 3.0


def test_one_failed_request_is_too_many_whenever_it_was() -> None:
    (complaint,) = complaints(UNHARMED, with_failures("grpc", 1.0))

    assert complaint == "grpc: 1 of 1000 failed: {'reset': 1}"


def test_a_run_that_sent_too_little_shows_nothing() -> None:
    few = replace(WELL, tallies={**WELL.tallies, "http": replace(GOOD, sent=LEAST_HTTP - 1)})

    assert complaints(UNHARMED, few) == ["http: only 999 sent, 1000 are wanted"]


def test_what_goes_through_the_victim_may_fail_until_all_is_well_and_no_longer() -> None:
    row = Row(Kill(Server()), OnlyVictim(("http",), others_serve="v2"))

    assert complaints(row, with_failures("http", 5.5, 7.9)) == []
    assert "still fails 0.5 s after" in complaints(row, with_failures("http", 5.5, 8.5))[0]
    assert complaints(row, with_failures("tcp", 5.5)) != []


def test_the_instance_that_is_well_must_have_answered() -> None:
    row = Row(Kill(Server()), OnlyVictim(("http",), others_serve="v3"))

    assert complaints(row, WELL) == ["v3 answered nothing"]


def test_failing_closed_is_not_to_fail_before_the_end_nor_after_all_was_well() -> None:
    row = Row(Kill(Server()), FailsClosed())

    assert complaints(row, replace(with_failures("http", 4.0, 7.0), closed_from=3.0)) == []
    early = replace(with_failures("http", 2.0, 7.0), closed_from=3.0)
    assert "fails 1.0 s before the certificates end" in complaints(row, early)[0]
    late = replace(with_failures("http", 4.0, 9.0), closed_from=3.0)
    assert "still fails 1.0 s after" in complaints(row, late)[0]
