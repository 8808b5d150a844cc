"""Which Envoys run for a workload, on disk: how an agent recognises those an earlier one started.

Written before an Envoy is started and again once its process is known: an agent that dies in between leaves
enough for the next one to find it. 0600, in the workload's folder; there is no secret in it.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tulle.agent.programs.processes import Mark
from tulle.agent.state import write_private

RECORD = "envoy.life"
_FORMAT = 1


class Binary(msgspec.Struct, frozen=True, kw_only=True):
    """An Envoy as a file. `hot_restart` names the talk between two Envoys that replace each other."""

    path: str
    version: str
    hot_restart: str
    stamp: str
    """Changes with the file: size and time of its last change."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an Envoy cannot change while it runs. `bootstrap` is the digest of what it was started from."""

    binary: Binary
    bootstrap: str
    flags: tuple[str, ...]
    drain_s: float
    place: str = ""
    """Where on the host it runs: cgroup, network namespace and its number; "" for the agent's own."""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One Envoy. `number` counts all of a workload's; `epoch` those that replaced each other without a gap.

    `barren`: an heir of it failed, and left their shared memory as if it still started: no other may take over.
    """

    number: int
    epoch: int
    base_id: int
    recipe: Recipe
    mark: Mark | None = None
    barren: bool = False


class _Saved(msgspec.Struct, frozen=True):
    format: int
    lives: tuple[Life, ...]


def load(folder: Path) -> tuple[Life, ...]:
    """Oldest first; empty where nothing is known, or nothing this version reads."""
    try:
        saved = msgspec.json.decode((folder / RECORD).read_bytes(), type=_Saved)
    except (OSError, msgspec.MsgspecError):
        return ()
    return saved.lives if saved.format == _FORMAT else ()


def save(folder: Path, lives: Sequence[Life]) -> None:
    """Replace what is known; nothing is left where there is nothing to know."""
    if lives:
        write_private(folder / RECORD, msgspec.json.encode(_Saved(_FORMAT, tuple(lives))))
    else:
        (folder / RECORD).unlink(missing_ok=True)
