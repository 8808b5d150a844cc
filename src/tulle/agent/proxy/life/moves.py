"""What to do about an Envoy that runs, when another one is wanted. Pure: facts in, a move out."""

from dataclasses import dataclass

from tulle.agent.proxy.life.record import Life, Recipe

MARGIN_S = 15.0
"""How much longer than its connections' drain a replaced Envoy lives: the last of them must be able to end."""


@dataclass(frozen=True, slots=True)
class Keep:
    """It is what is wanted."""


@dataclass(frozen=True, slots=True)
class HotRestart:
    """The next one takes over its sockets: no connection is refused in between."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The next one listens beside it before it drains: they cannot speak with each other, for this reason."""

    why: str


Move = Keep | HotRestart | Beside


def move(running: Life, wanted: Recipe, *, forced: bool, has_memory: bool) -> Move:
    """From the Envoy that runs to the wanted one. `has_memory`: its shared memory is still there."""
    if running.recipe == wanted and not forced:
        return Keep()
    if running.recipe.place != wanted.place:
        return Beside("it is to run elsewhere on the host")
    if running.barren:
        return Beside("an heir of it failed")
    if not has_memory:
        return Beside("its shared memory is gone")
    old, new = running.recipe.binary, wanted.binary
    if old.hot_restart != new.hot_restart:
        return Beside(
            f"Envoy {old.version} and {new.version} do not understand each other"
            f" (hot restart {old.hot_restart} and {new.hot_restart})"
        )
    return HotRestart()


def shutdown_s(drain_s: float) -> float:
    """How long a replaced Envoy lives at most, from when it was replaced."""
    return drain_s + MARGIN_S


def first_life(number: int, base_id: int, recipe: Recipe) -> Life:
    """Of an Envoy that takes over from nobody."""
    return Life(number=number, epoch=0, base_id=base_id, recipe=recipe)


def next_life(running: Life, number: int, recipe: Recipe) -> Life:
    """Of the Envoy that takes over from one that runs."""
    return Life(number=number, epoch=running.epoch + 1, base_id=running.base_id, recipe=recipe)
