"""One Envoy as a process: started, adopted, asked whether it serves, ended; nothing of it left behind."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from tulle.agent.programs.children import (
    HERE,
    Child,
    Inside,
    kill_group,
    send_signal,
    shell_code,
    start_child,
    start_detached,
)
from tulle.agent.programs.processes import Running, adopt, mark_of
from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.life.environment import environment
from tulle.agent.proxy.life.moves import shutdown_s
from tulle.agent.proxy.life.place import HOT_RESTART, EnvoyPlace
from tulle.agent.proxy.life.record import Binary, Life, Recipe
from tulle.agent.state import create_private, write_private
from tulle.xds.bootstrap import Bootstrap, arguments

_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class EnvoyStart:
    """The binary and how to start it. `drain_s` is the mesh's: how long replaced connections live on.

    `independent`: it outlives the agent, and the next one adopts it; else it dies with the agent.
    """

    binary: Path
    bootstrap: Bootstrap
    drain_s: float
    log_level: str = "warning"
    independent: bool = False
    inside: Inside = HERE

    def recipe(self, binary: Binary) -> Recipe:
        """The same, to compare with what runs."""
        return Recipe(
            binary=binary,
            bootstrap=blake2b(self.bootstrap.content(""), digest_size=8).hexdigest(),
            flags=arguments(self.drain_s, self.log_level),
            drain_s=self.drain_s,
            place=_place_text(self.inside),
        )


def _place_text(inside: Inside) -> str:
    """With the namespace's number: what is made anew under an old name is another one.

    No other has that number meanwhile, for whoever is in a namespace keeps it alive.
    """
    parts = [str(inside.cgroup)] if inside.cgroup else []
    if inside.netns:
        parts.append(str(inside.netns))
        with contextlib.suppress(OSError):  # it has gone, and starting there will say so
            parts.append(str(inside.netns.stat().st_ino))
    return " ".join(parts)


class Generation:
    """An Envoy that runs, or ran."""

    def __init__(self, place: EnvoyPlace, life: Life, process: Running) -> None:
        self.life = life
        self.admin = Admin(place.admin(life.number))
        self._place = place
        self._process = process

    async def wait(self) -> int | None:
        """Until it has ended: its code as a shell would say it, None where nobody can know."""
        code = await self._process.wait()
        return None if code is None else shell_code(code)

    async def end(self) -> None:
        """Ask it to end, wait a little, insist; then take away what it leaves."""
        self._process.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
        self._place.clean(self.life)

    async def kill(self) -> None:
        """End it at once, also one that is stopped."""
        self._process.signal(signal.SIGKILL)
        await self._process.wait()


async def start(
    place: EnvoyPlace, wanted: EnvoyStart, life: Life, parent: Life | None
) -> Generation:
    """Start the Envoy of a life. With a parent it takes over from it, else it is the first of its base id."""
    bootstrap, admin = place.bootstrap(life.number), place.admin(life.number)
    write_private(bootstrap, wanted.bootstrap.content(str(admin), life.number))
    create_private(place.log)  # Envoy would make it for everybody to read
    command = _command(place, life, parent)
    child = Child(command, environment(), signal.SIGKILL, str(place.folder), wanted.inside)
    process = await (_detached(child, place.log) if wanted.independent else _bound(child))
    return Generation(place, msgspec.structs.replace(life, mark=mark_of(process.pid)), process)


def found(place: EnvoyPlace, life: Life) -> Generation | None:
    """The Envoy an earlier agent started, if it still runs."""
    process = adopt(life.mark) if life.mark else None
    return Generation(place, life, process) if process else None


def _command(place: EnvoyPlace, life: Life, parent: Life | None) -> Sequence[str]:
    drain_s = max(life.recipe.drain_s, parent.recipe.drain_s if parent else 0.0)
    return (
        life.recipe.binary.path,
        *("--config-path", str(place.bootstrap(life.number))),
        *life.recipe.flags,
        *("--base-id", str(life.base_id)),
        *("--restart-epoch", str(life.epoch)),
        # How long it lets the one before it live: what that one promised its connections, and what this one does.
        *("--parent-shutdown-time-s", str(round(shutdown_s(drain_s)))),
        *("--socket-path", HOT_RESTART),
        *("--socket-mode", "600"),
        *("--log-path", str(place.log)),
    )


async def _bound(child: Child) -> Running:
    return _Bound(await start_child(child))


async def _detached(child: Child, log: Path) -> Running:
    pid = await start_detached(child, log)
    mark = mark_of(pid)
    return (mark and adopt(mark)) or _Ended(pid)


class _Bound:
    """A child of this process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        return await self._process.wait()

    def signal(self, signum: int) -> None:
        if signum == signal.SIGKILL:
            kill_group(self._process)
        else:
            send_signal(self._process, signum)


@dataclass(frozen=True, slots=True)
class _Ended:
    """One that was gone before it could be looked at."""

    pid: int

    async def wait(self) -> None:
        return None

    def signal(self, signum: int) -> None:
        """There is nobody to hear it."""
