"""The Envoys an earlier agent left: the ones to go on with, and strangers that nobody answers for any more.

An agent killed between starting an Envoy and writing down its process leaves a record without a mark: that
Envoy is looked for by the file it was started from. What is in no record at all is ended.
"""

import contextlib
import signal
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tulle.agent.programs.processes import adopt, with_argument
from tulle.agent.proxy.admin import Admin, AdminError
from tulle.agent.proxy.life import record
from tulle.agent.proxy.life.generation import Generation, found
from tulle.agent.proxy.life.place import EnvoyPlace, release_memory
from tulle.agent.proxy.life.record import Life


async def predecessors(place: EnvoyPlace, *, keep: bool) -> list[Generation]:
    """Those that run and are to be kept, oldest first. All others have ended, and left nothing."""
    lives = [_with_mark(place, life) for life in record.load(place.folder)]
    running = [generation for life in lives if (generation := found(place, life))]
    if not keep:
        for generation in running:
            await generation.end()
        running = []
    await _end_strangers(place, running)
    _clean(place, lives, {generation.life.number for generation in running})
    return running


def runs(folder: Path) -> bool:
    """Whether an Envoy runs that was started from this folder: its ports are in use, and rightly so."""
    place = EnvoyPlace(folder)
    return any(found(place, _with_mark(place, life)) for life in record.load(folder))


def _with_mark(place: EnvoyPlace, life: Life) -> Life:
    if life.mark:
        return life
    mark = next(with_argument(str(place.bootstrap(life.number))), None)
    return msgspec.structs.replace(life, mark=mark)


async def _end_strangers(place: EnvoyPlace, known: Iterable[Generation]) -> None:
    marks = {generation.life.mark for generation in known}
    for mark in with_argument(str(place.bootstraps)):
        stranger = adopt(mark) if mark not in marks else None
        if stranger:
            stranger.signal(signal.SIGKILL)
            await stranger.wait()
    numbers = {place.admin(generation.life.number) for generation in known}
    for path in place.admins:
        if path not in numbers and path.exists():
            with contextlib.suppress(AdminError):
                await Admin(path).quit()  # where processes cannot be looked at, it may still run
            path.unlink(missing_ok=True)


def _clean(place: EnvoyPlace, lives: Iterable[Life], kept: set[int]) -> None:
    """What those left that have ended; shared memory only where nobody kept uses it."""
    lives = list(lives)
    used = {life.base_id for life in lives if life.number in kept}
    for life in lives:
        if life.number not in kept:
            place.clean(life)
            if life.base_id not in used:
                release_memory(life.base_id)
