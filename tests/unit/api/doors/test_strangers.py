"""Who has not shown the token holds little, and not for long."""

from collections.abc import Callable

import pytest

from tulle.api.doors import strangers as module
from tulle.api.doors.strangers import PATIENCE_S, Strangers


class Wire:
    """A transport that knows only whether it was cut."""

    cut = False

    def abort(self) -> None:
        self.cut = True


class Link:
    """A connection."""

    def __init__(self) -> None:
        self.transport = Wire()


class Time:
    """A loop's clock that the test moves."""

    def __init__(self) -> None:
        self.pending: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.pending.append((seconds, call))

    def passes(self, seconds: float) -> None:
        due = [call for at, call in self.pending if at <= seconds]
        self.pending = [(at - seconds, call) for at, call in self.pending if at > seconds]
        for call in due:
            call()


def test_who_says_nothing_is_cut_off_and_who_was_let_in_is_not() -> None:
    time, silent, known = Time(), Link(), Link()
    strangers = Strangers(time.later)
    strangers.arrived(silent)  # type: ignore[arg-type]
    strangers.arrived(known)  # type: ignore[arg-type]
    time.passes(PATIENCE_S - 1)
    strangers.let_in(known)
    assert not silent.transport.cut
    time.passes(1)

    assert silent.transport.cut
    assert not known.transport.cut


def test_more_than_a_crowd_is_turned_away_until_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    time, links = Time(), [Link() for _ in range(4)]
    strangers = Strangers(time.later)
    for link in links[:3]:
        strangers.arrived(link)  # type: ignore[arg-type]
    time.passes(0)
    assert [link.transport.cut for link in links] == [False, False, True, False]

    strangers.let_in(links[0])
    strangers.arrived(links[3])  # type: ignore[arg-type]
    time.passes(0)
    assert not links[3].transport.cut


def test_a_connection_that_has_gone_by_itself_is_left_alone() -> None:
    time, gone = Time(), Link()
    gone.transport = None  # type: ignore[assignment]
    Strangers(time.later).arrived(gone)  # type: ignore[arg-type]

    time.passes(PATIENCE_S)
