import msgspec

from tulle.agent.proxy.life.moves import (
    Beside,
    HotRestart,
    Keep,
    first_life,
    move,
    next_life,
    shutdown_s,
)
from tulle.agent.proxy.life.record import Binary, Recipe

BINARY = Binary(path="/usr/bin/envoy", version="1.40.0", hot_restart="11.104", stamp="1/1")
RECIPE = Recipe(binary=BINARY, bootstrap="a", flags=("--concurrency", "1"), drain_s=45.0)
LIFE = first_life(7, 1234, RECIPE)


def way(life=LIFE, *, forced=False, has_memory=True, **changes):
    return move(
        life, msgspec.structs.replace(RECIPE, **changes), forced=forced, has_memory=has_memory
    )


def test_what_runs_as_wanted_is_kept_unless_another_is_asked_for():
    assert way() == Keep()
    assert way(forced=True) == HotRestart()


def test_every_part_of_a_recipe_is_worth_another_envoy():
    changed = msgspec.structs.replace(BINARY, stamp="2/2")
    for change in ({"binary": changed}, {"bootstrap": "b"}, {"flags": ()}, {"drain_s": 1.0}):
        assert way(**change) == HotRestart()


def test_two_that_cannot_speak_with_each_other_stand_beside_each_other():
    other = msgspec.structs.replace(BINARY, version="1.50.0", hot_restart="12.1")
    assert way(binary=other) == Beside(
        "Envoy 1.40.0 and 1.50.0 do not understand each other (hot restart 11.104 and 12.1)"
    )
    assert isinstance(way(forced=True, has_memory=False), Beside)
    assert isinstance(way(place="/run/netns/web"), Beside)


def test_one_whose_heir_failed_gets_no_other_by_hot_restart():
    assert isinstance(way(msgspec.structs.replace(LIFE, barren=True), forced=True), Beside)


def test_an_heir_has_the_next_epoch_of_the_same_base_id():
    heir = next_life(LIFE, 8, RECIPE)
    assert (heir.number, heir.epoch, heir.base_id) == (8, 1, 1234)


def test_a_replaced_envoy_lives_longer_than_its_connections_may():
    assert shutdown_s(45.0) > 45.0
