"""What `test_envoy` does not reach: the record follows every change."""

import signal

from tests.unit.agent.proxy.life.test_generation import START
from tests.unit.agent.proxy.test_envoy import BINARY

from tulle.agent.proxy.life import record
from tulle.agent.proxy.life.binary import look_at
from tulle.agent.proxy.life.handover import become_ready
from tulle.agent.proxy.life.moves import first_life
from tulle.agent.proxy.life.place import EnvoyPlace, has_memory
from tulle.agent.proxy.life.succession import Succession, free_base_id


async def one_more(line: Succession):
    life = first_life(line.next_number(), free_base_id(), START.recipe(await look_at(BINARY)))
    return await line.start(START, life)


async def test_who_is_started_is_on_record_before_it_serves(tmp_path):
    line = Succession(EnvoyPlace(tmp_path))
    heir = await one_more(line)
    try:
        assert line.current is None
        assert record.load(tmp_path) == (heir.life,)
        assert heir.life.mark is not None
    finally:
        line.crown(heir)
        await line.end()
    assert record.load(tmp_path) == ()


async def test_who_was_replaced_is_seen_off_even_if_it_does_not_go(tmp_path):
    line = Succession(EnvoyPlace(tmp_path))
    first, second = await one_more(line), await one_more(line)
    line.crown(first)
    line.crown(second)
    assert (line.current, line.leaving) == (second, [first])
    assert not line.alone.is_set()

    await line.see_off(first, limit_s=0.0)

    assert line.alone.is_set()
    assert record.load(tmp_path) == (second.life,)
    await line.end()


async def test_numbers_go_on_where_an_earlier_agent_stopped(tmp_path):
    line = Succession(EnvoyPlace(tmp_path))
    line.crown(await one_more(line))
    heir = Succession(EnvoyPlace(tmp_path))
    heir.inherit([line.current])

    assert heir.next_number() == 2
    await line.end()


async def test_one_that_died_leaves_no_memory(tmp_path):
    line = Succession(EnvoyPlace(tmp_path))
    envoy = await one_more(line)
    line.crown(envoy)
    await become_ready(envoy.admin)
    assert has_memory(envoy.life.base_id)
    envoy._process.signal(signal.SIGKILL)
    await envoy.wait()
    line.bury(envoy)

    assert line.current is None
    assert not has_memory(envoy.life.base_id)
