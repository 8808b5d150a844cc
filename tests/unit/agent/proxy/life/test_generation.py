"""What `test_envoy` does not reach: how one Envoy is started, and that what is ended is ended."""

import os
import signal
from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.proxy.life.test_moves import LIFE, RECIPE
from tests.unit.agent.proxy.test_envoy import ALONE, BINARY

from tulle.agent.programs.children import Inside
from tulle.agent.programs.processes import mark_of
from tulle.agent.proxy.life import generation
from tulle.agent.proxy.life.binary import look_at
from tulle.agent.proxy.life.generation import EnvoyStart, found, start
from tulle.agent.proxy.life.moves import first_life, next_life
from tulle.agent.proxy.life.place import EnvoyPlace, release_memory
from tulle.agent.proxy.life.succession import free_base_id

START = EnvoyStart(BINARY, ALONE, 1.0)


def option(command, name: str) -> str:
    return command[command.index(name) + 1]


def test_an_heir_says_whom_it_follows_and_for_how_long_it_lets_it_live():
    command = generation._command(EnvoyPlace(Path("/run/web")), next_life(LIFE, 8, RECIPE), LIFE)

    assert option(command, "--base-id") == "1234"
    assert option(command, "--restart-epoch") == "1"
    assert float(option(command, "--parent-shutdown-time-s")) > RECIPE.drain_s


def test_whom_it_replaces_keeps_what_it_promised_its_connections():
    patient = msgspec.structs.replace(LIFE, recipe=msgspec.structs.replace(RECIPE, drain_s=600.0))
    command = generation._command(EnvoyPlace(Path("/run/web")), next_life(LIFE, 8, RECIPE), patient)

    assert float(option(command, "--parent-shutdown-time-s")) > 600.0


def test_the_sockets_by_which_envoys_hand_over_lie_in_the_workloads_folder():
    """An abstract one could be asked for the listening sockets by anybody on the host."""
    command = generation._command(EnvoyPlace(Path("/run/web")), LIFE, None)

    assert not option(command, "--socket-path").startswith("@")
    assert option(command, "--socket-mode") == "600"


async def test_what_an_envoy_cannot_change_while_it_runs_is_in_its_recipe():
    binary = await look_at(BINARY)
    others = [
        EnvoyStart(BINARY, ALONE, 2.0),
        EnvoyStart(BINARY, ALONE, 1.0, "debug"),
        EnvoyStart(BINARY, ALONE, 1.0, inside=Inside(netns=Path("/run/netns/web"))),
    ]
    recipes = [each.recipe(binary) for each in (START, *others)]

    assert len(set(recipes)) == len(recipes)
    assert START.recipe(binary) == EnvoyStart(BINARY, ALONE, 1.0, independent=True).recipe(binary)


async def test_a_namespace_that_was_made_anew_is_another_place(tmp_path: Path):
    binary, name, other = await look_at(BINARY), tmp_path / "web", tmp_path / "other"
    name.touch()
    other.touch()
    start = EnvoyStart(BINARY, ALONE, 1.0, inside=Inside(netns=name))
    before = start.recipe(binary)
    assert start.recipe(binary) == before

    other.replace(name)
    assert start.recipe(binary).place != before.place


@pytest.mark.parametrize("independent", [False, True])
async def test_one_that_is_stopped_can_still_be_ended(tmp_path, independent, monkeypatch):
    monkeypatch.setattr(generation, "_STOP_S", 0.2)
    wanted = EnvoyStart(BINARY, ALONE, 1.0, independent=independent)
    life = first_life(1, free_base_id(), wanted.recipe(await look_at(BINARY)))
    place = EnvoyPlace(tmp_path)
    envoy = await start(place, wanted, life, None)
    os.kill(envoy.life.mark.pid, signal.SIGSTOP)

    await envoy.end()

    assert mark_of(envoy.life.mark.pid) is None
    assert found(place, envoy.life) is None
    assert {path.name for path in tmp_path.iterdir()} == {"envoy.log"}
    release_memory(life.base_id)


async def test_a_command_that_cannot_be_run_has_ended(tmp_path):
    gone = msgspec.structs.replace(RECIPE.binary, path="/no/such/envoy")
    life = first_life(1, 1, msgspec.structs.replace(RECIPE, binary=gone))
    for independent in (False, True):
        wanted = EnvoyStart(Path("/no/such/envoy"), ALONE, 1.0, independent=independent)
        envoy = await start(EnvoyPlace(tmp_path), wanted, life, None)
        assert await envoy.wait() in {127, None}
    assert "No such file" in (tmp_path / "envoy.log").read_text()
