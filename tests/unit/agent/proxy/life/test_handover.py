"""What `test_envoy` does not reach: how long who leaves may stay."""

from pathlib import Path

import msgspec
from tests.unit.agent.proxy.life.test_generation import START
from tests.unit.agent.proxy.life.test_moves import LIFE, RECIPE
from tests.unit.agent.proxy.test_envoy import Speechless

from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.life.generation import Generation
from tulle.agent.proxy.life.handover import Handover, become_ready
from tulle.agent.proxy.life.place import EnvoyPlace
from tulle.agent.proxy.life.succession import Succession


def leaving(drain_s: float, heirs_drain_s: float) -> Handover:
    recipe = msgspec.structs.replace(RECIPE, drain_s=drain_s)
    place = EnvoyPlace(Path("/run/web"))
    old = Generation(place, msgspec.structs.replace(LIFE, recipe=recipe), process=None)
    wanted = msgspec.structs.replace(RECIPE, drain_s=heirs_drain_s)
    return Handover(Succession(place), old, START, wanted, Speechless())


def test_who_leaves_may_stay_as_long_as_either_drain():
    assert leaving(600.0, 45.0).limit_s == leaving(45.0, 600.0).limit_s > 600.0
    assert leaving(45.0, 45.0).limit_s < 600.0


async def test_becoming_ready_is_waited_for(tmp_path, monkeypatch):
    answers = iter([False, False, True])

    class Slow(Admin):
        async def is_ready(self) -> bool:
            return next(answers)

    await become_ready(Slow(tmp_path))
    assert list(answers) == []
