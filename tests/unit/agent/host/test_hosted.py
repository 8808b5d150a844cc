"""One workload of the agent: what of it is remembered, and what a failure costs."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from tests.envoy.identities import now_s
from tests.unit.agent.control_plane import ControlPlane, control_plane
from tests.unit.agent.host.agents import ENVOY, workload

from tulle.agent.deadline import Stop
from tulle.agent.host.book import Book, Record
from tulle.agent.host.hosted import Hosted, Means
from tulle.agent.tenants import Carried

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a host's agent needs Linux")


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


class Guest:
    """Says it is well, looks at the book, leaves."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.recorded: list[Record] = []

    def check(self) -> None:
        pass

    async def live(self, carried: Carried) -> int:
        carried.report_health(True, "")
        self.recorded = list(self.book.records())
        await carried.leave(Stop().by(1.0))
        return 0


async def test_it_is_in_the_book_as_long_as_it_is_carried(plane, tmp_path):
    said: list[tuple[str, str]] = []
    means = Means(ENVOY, Book(tmp_path / "book"), now_s, lambda *words: said.append(words))
    chosen = workload(plane, tmp_path)
    record = Record(words={}, uid=0, state_dir=str(chosen.state_dir))
    hosted = Hosted(record, chosen, means, Stop(), lambda _: None)
    assert hosted.report().phase == "joining"
    assert hosted.name == "shop/web"
    guest = Guest(means.book)

    await hosted.run(guest)

    assert guest.recorded == [msgspec.structs.replace(record, healthy=True)]
    assert list(means.book.records()) == []
    assert hosted.name == "shop/web-1"
    assert hosted.error is None


async def test_what_fails_is_said_kept_and_stops_nobody(plane, tmp_path):
    said: list[tuple[str, str]] = []
    means = Means(ENVOY, Book(tmp_path / "book"), now_s, lambda *words: said.append(words))
    chosen = replace(workload(plane, tmp_path), token_file=None)
    record = Record(words={}, uid=0, state_dir=str(chosen.state_dir))
    hosted = Hosted(record, chosen, means, Stop(), lambda _: None)

    await hosted.run(Guest(means.book))

    assert hosted.error
    assert hosted.error.problem.code == "token-missing"
    assert "token-missing" in hosted.report().error
    assert said[0][0] == "shop/web"
    assert list(means.book.records()) == []
