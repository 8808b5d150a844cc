"""With a real Envoy that gets its configuration from nobody: it has to start, be watched, be replaced, and end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from tulle.agent.errors import first_agent_error
from tulle.agent.events import Notice
from tulle.agent.programs.processes import adopt
from tulle.agent.proxy.admin import AdminError
from tulle.agent.proxy.envoy import Envoy
from tulle.agent.proxy.life import handover, moves, record
from tulle.agent.proxy.life.generation import EnvoyStart
from tulle.agent.proxy.life.place import EnvoyPlace, has_memory
from tulle.agent.proxy.relay import Stance
from tulle.settings import find_envoy
from tulle.xds.bootstrap import Bootstrap

BINARY = find_envoy(os.environ)
assert isinstance(BINARY, Path)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who runs")


@dataclass(frozen=True, kw_only=True)
class Alone(Bootstrap):
    """Of an Envoy that has no agent, and is ready at once, unless it `waits` for one for ever.

    What is `wrong` in it Envoy will not read.
    """

    wrong: str = ""
    waits: bool = False

    def content(self, admin_socket: str, generation: int = 0) -> bytes:
        made = json.loads(Bootstrap.content(self, admin_socket, generation))
        if not self.waits:
            del made["dynamic_resources"]
        if self.wrong:
            made[self.wrong] = 1
        return json.dumps(made).encode()


ALONE = Alone(node_id="shop/web-1", cluster="shop/web", agent_socket="/nowhere")


class Speechless:
    """For Envoys that ask nobody where to listen: whatever is wanted of their listeners is done."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self._stances: dict[int, Stance] = {}

    def withhold(self, number: int) -> None:
        self._do("withhold", number, Stance.ASKS)

    def release(self, number: int) -> None:
        self._do("release", number, Stance.HAS_ALL)

    def retire(self, number: int, *, retired: bool = True) -> None:
        self._do("retire" if retired else "take back", number, Stance.HAS_NONE)

    def stance(self, number: int) -> Stance:
        return self._stances.get(number, Stance.AWAY)

    def _do(self, what: str, number: int, stance: Stance) -> None:
        self.done.append((what, number))
        self._stances[number] = stance


class Around:
    """What is beside the Envoy: it may have an obstacle."""

    def __init__(self) -> None:
        self.obstacle = ""
        self.concluded_times = 0

    async def prepared(self) -> str:
        return self.obstacle

    def concluded(self) -> None:
        self.concluded_times += 1


class Bench:
    """An Envoy under supervision, and what was said of it. Another bench of the folder is the next agent."""

    def __init__(self, folder: Path, **start: object) -> None:
        self.place = EnvoyPlace(folder)
        self.notices: list[str] = []
        self.told = asyncio.Event()
        self.start = EnvoyStart(**{"binary": BINARY, "bootstrap": ALONE, "drain_s": 1.0, **start})
        self.listeners, self.around = Speechless(), Around()
        self.envoy = Envoy(self.start, self.place, self.tell, self.listeners, self.around)

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice.text)
        self.told.set()

    @property
    def lives(self) -> tuple[record.Life, ...]:
        return record.load(self.place.folder)

    @property
    def pid(self) -> int:
        """Of the one that serves."""
        return self.lives[-1].mark.pid

    def wrong(self) -> EnvoyStart:
        return replace(self.start, bootstrap=replace(ALONE, wrong="nonsense"))

    async def wait_for_notice(self, text: str) -> None:
        while not any(text in notice for notice in self.notices):
            self.told.clear()
            await self.told.wait()

    async def one_is_left(self) -> record.Life:
        while len(self.lives) > 1:  # noqa: ASYNC110 - it is seen in a file
            await asyncio.sleep(0.05)
        return self.lives[0]

    def traces(self) -> list[str]:
        """What is left in the folder beside logs."""
        names = (path.name for path in self.place.folder.iterdir())
        return sorted(name for name in names if name not in {"envoy.log", "envoy.log.1"})


def memory_of(life: record.Life) -> Path:
    return Path(f"/dev/shm/envoy_shared_memory_{life.base_id}0")


@asynccontextmanager
async def running(bench: Bench, *, killed: bool = False) -> AsyncIterator[Envoy]:
    """`killed`: the agent ends as if it had no time to say so to its Envoy."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.envoy.run())
        try:
            yield bench.envoy
        finally:
            if not killed:
                bench.envoy.dismiss()
            task.cancel()


@asynccontextmanager
async def left_behind(folder: Path) -> AsyncIterator[record.Life]:
    """An independent Envoy whose agent is gone."""
    bench = Bench(folder, independent=True)
    async with running(bench, killed=True) as envoy:
        await envoy.ready.wait()
    (life,) = bench.lives
    try:
        yield life
    finally:
        if orphan := adopt(life.mark):
            orphan.signal(signal.SIGKILL)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What takes long for the sake of real connections is short here."""
    monkeypatch.setattr(moves, "MARGIN_S", 0.5)
    monkeypatch.setattr(handover, "READY_LIMIT_S", 1.0)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


async def test_it_starts_becomes_ready_and_ends_without_a_trace(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.admin.is_ready()
        (life,) = bench.lives
        assert has_memory(life.base_id)

    assert not envoy.ready.is_set()
    assert not await envoy.admin.is_ready()
    assert not memory_of(life).exists()
    assert bench.traces() == []
    assert bench.notices == []


async def test_killed_it_is_started_again_and_its_memory_taken_away(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        (life,) = bench.lives
        os.kill(bench.pid, signal.SIGKILL)
        await bench.told.wait()
        assert not envoy.ready.is_set()
        await envoy.ready.wait()

        assert bench.pid != life.mark.pid
        assert envoy.lives == 2
        assert not memory_of(life).exists()
    assert bench.notices == ["Envoy ended with 137; starting it again"]


async def test_one_that_cannot_start_is_given_up_with_its_own_words(tmp_path):
    bench = Bench(tmp_path, bootstrap=replace(ALONE, wrong="nonsense"))

    with pytest.raises(ExceptionGroup) as caught:
        await bench.envoy.run()

    error = first_agent_error(caught.value)
    assert error.problem.code == "envoy-fails"
    assert "nonsense" in error.problem.message
    assert str(bench.place.log) in error.problem.hint


async def test_one_that_served_once_is_tried_until_it_serves_again(tmp_path):
    binary = tmp_path / "the-envoy"
    binary.symlink_to(BINARY)
    bench = Bench(tmp_path, binary=binary)
    async with running(bench) as envoy:
        await envoy.ready.wait()
        binary.unlink()
        os.kill(bench.pid, signal.SIGKILL)
        await bench.wait_for_notice("cannot be started")
        binary.symlink_to(BINARY)

        await envoy.ready.wait()


async def test_one_that_hangs_is_killed_and_started_again(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        os.kill(bench.pid, signal.SIGSTOP)
        await bench.wait_for_notice("answers nothing")
        assert not envoy.ready.is_set()
        await envoy.ready.wait()

        assert envoy.lives == 2


# Another one is wanted.


async def test_its_heir_takes_over_and_the_old_one_leaves_nothing(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        (first,) = bench.lives
        assert await envoy.restart() == ""
        assert envoy.ready.is_set()
        assert await envoy.admin.is_ready()
        assert envoy.lives == 2

        second = await bench.one_is_left()
        assert (second.epoch, second.base_id) == (1, first.base_id)
        assert adopt(first.mark) is None
        assert has_memory(first.base_id)
    assert bench.traces() == []


async def test_two_wishes_at_once_are_one_and_the_next_waits_for_who_leaves(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        (first,) = bench.lives
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(envoy.restart()) for _ in range(2)]
        assert [task.result() for task in answers] == ["", ""]
        assert envoy.lives == 2

        assert await envoy.restart() == ""
        assert adopt(first.mark) is None
        assert [life.epoch for life in bench.lives] == [1, 2]


async def test_what_runs_already_is_not_replaced(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.want(bench.start) == ""
        assert envoy.lives == 1


async def test_another_drain_is_another_envoy(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.want(replace(bench.start, drain_s=2.0)) == ""
        old, new = bench.lives

        assert (old.recipe.drain_s, new.recipe.drain_s) == (1.0, 2.0)
        assert envoy.wanted.drain_s == 2.0


async def test_a_bootstrap_envoy_cannot_read_touches_nothing(bench):
    async with running(bench) as envoy:
        await envoy.ready.wait()
        failure = await envoy.want(bench.wrong())

        assert "nonsense" in failure
        assert envoy.last_failure == failure
        assert await envoy.admin.is_ready()
        assert envoy.lives == 1
        assert await envoy.restart() == ""
        assert envoy.last_failure == ""


async def test_an_heir_that_never_serves_is_ended_and_an_equal_one_takes_over(bench):
    """It reads its bootstrap and has closed the old one's admin socket, then waits for an agent in vain."""
    async with running(bench) as envoy:
        await envoy.ready.wait()
        wish = replace(bench.start, bootstrap=replace(ALONE, waits=True))
        failure = await envoy.want(wish)

        assert "did not become ready" in failure
        assert envoy.wanted == bench.start
        assert envoy.ready.is_set()
        assert await envoy.admin.is_ready()
        assert [life.barren for life in bench.lives] == [True, False], bench.notices


async def test_a_binary_that_speaks_otherwise_serves_beside_until_the_old_one_has_drained(
    bench, tmp_path
):
    other = tmp_path / "other-envoy"
    asked = '[ "$1" = --hot-restart-version ] && echo 1.2 && exit'
    other.write_text(f'#!/bin/sh\n{asked}\nexec {BINARY} "$@"\n')
    other.chmod(0o700)
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.want(replace(bench.start, binary=other)) == ""
        old, new = bench.lives
        assert new.epoch == 0
        assert new.base_id != old.base_id
        assert envoy.lives == 2

        assert await bench.one_is_left() == new
        assert not memory_of(old).exists()
    assert bench.listeners.done == [("withhold", 2), ("retire", 1), ("release", 2)]
    assert "do not understand each other" in bench.notices[0]


async def test_one_beside_that_never_asks_for_listeners_leaves_them_to_the_old_one(bench):
    class Mute(Speechless):
        def withhold(self, number: int) -> None:
            self.done.append(("withhold", number))

    bench.listeners = Mute()
    bench.envoy = Envoy(bench.start, bench.place, bench.tell, bench.listeners, bench.around)
    async with running(bench) as envoy:
        await envoy.ready.wait()
        memory_of(bench.lives[0]).unlink()  # as if somebody had cleaned up
        failure = await envoy.restart()

        assert "did not become ready" in failure
        assert await envoy.admin.is_ready()
        assert envoy.lives == 1
    assert bench.listeners.done == [("withhold", 2)]


async def test_an_obstacle_keeps_it_as_it_is(bench):
    bench.around.obstacle = "it would be told nothing"
    async with running(bench) as envoy:
        await envoy.ready.wait()
        assert await envoy.restart() == "it would be told nothing"
        assert envoy.lives == 1


# Agents come and go.


async def test_an_independent_one_outlives_its_agent_and_is_adopted(tmp_path):
    async with left_behind(tmp_path) as life:
        assert adopt(life.mark) is not None

        bench = Bench(tmp_path, independent=True)
        async with running(bench) as envoy:
            await envoy.ready.wait()
            assert await envoy.want(bench.start) == ""
            assert bench.lives == (life,)
            os.kill(life.mark.pid, signal.SIGKILL)
            await bench.told.wait()
            await envoy.ready.wait()
    assert bench.notices == ["Envoy ended; starting it again"]
    assert bench.traces() == []


async def test_an_adopted_one_that_is_not_what_is_wanted_gets_an_heir(tmp_path):
    async with left_behind(tmp_path):
        bench = Bench(tmp_path, independent=True, drain_s=2.0)
        async with running(bench) as envoy:
            await bench.wait_for_notice("is replaced by its heir")
            assert envoy.ready.is_set()
            assert [life.epoch for life in bench.lives] == [0, 1]
    assert bench.traces() == []


@LINUX
async def test_one_whose_agent_died_before_it_knew_its_process_is_found(tmp_path):
    async with left_behind(tmp_path) as life:
        record.save(tmp_path, [msgspec.structs.replace(life, mark=None)])

        bench = Bench(tmp_path, independent=True)
        async with running(bench) as envoy:
            await envoy.ready.wait()
            assert bench.lives == (life,)


@LINUX
async def test_an_envoy_of_this_folder_that_is_in_no_record_is_ended(tmp_path):
    async with left_behind(tmp_path) as life:
        record.save(tmp_path, [])

        bench = Bench(tmp_path, independent=True)
        async with running(bench) as envoy:
            await envoy.ready.wait()
            assert adopt(life.mark) is None


async def test_an_agent_that_keeps_nobody_ends_who_was_left(tmp_path):
    async with left_behind(tmp_path) as life:
        bench = Bench(tmp_path)
        async with running(bench) as envoy:
            await envoy.ready.wait()
            assert adopt(life.mark) is None
            assert not memory_of(life).exists()


async def test_every_agent_starts_a_log_and_keeps_the_one_before(bench):
    bench.place.log.write_text("of last time\n")
    async with running(bench) as envoy:
        await envoy.ready.wait()

    assert bench.place.log.with_suffix(".log.1").read_text() == "of last time\n"
    assert "of last time" not in bench.place.log.read_text()


async def test_an_admin_that_is_away_is_an_error_of_its_own(bench):
    with pytest.raises(AdminError):
        await bench.envoy.admin.stats("format=json")
