"""What `test_envoy` does not reach: whether anybody runs, asked before anything is changed."""

import signal

from tests.unit.agent.proxy.test_envoy import left_behind

from tulle.agent.programs.processes import adopt
from tulle.agent.proxy.life import record
from tulle.agent.proxy.life.place import EnvoyPlace
from tulle.agent.proxy.life.predecessors import predecessors, runs


async def test_one_that_runs_is_seen_and_not_touched(tmp_path):
    async with left_behind(tmp_path) as life:
        assert runs(tmp_path)
        (kept,) = await predecessors(EnvoyPlace(tmp_path), keep=True)
        assert kept.life == life
        assert await kept.admin.is_ready()


async def test_one_that_ended_is_not_there_and_what_it_left_is_taken_away(tmp_path):
    async with left_behind(tmp_path) as life:
        envoy = adopt(life.mark)
        envoy.signal(signal.SIGKILL)
        await envoy.wait()
        assert not runs(tmp_path)
        assert record.load(tmp_path) == (life,)

        assert await predecessors(EnvoyPlace(tmp_path), keep=True) == []
        assert not EnvoyPlace(tmp_path).admin(life.number).exists()


async def test_where_nothing_ever_ran_nothing_is_found(tmp_path):
    assert not runs(tmp_path)
    assert await predecessors(EnvoyPlace(tmp_path), keep=False) == []
