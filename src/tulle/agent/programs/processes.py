"""Processes that outlive the agent that started them: recognised, waited for, signalled, and never mistaken.

A process id alone names whoever has it by now. Together with the moment the kernel started it, it names one
process for ever: that is its `Mark`, which is written down and compared before anything is signalled.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

import msgspec

_LOOK_EVERY_S = 0.2
_STATE, _STARTED = 0, 19
"""Fields of /proc/PID/stat after the command's name (proc(5) counts from 3): state, start in clock ticks."""


class Mark(msgspec.Struct, frozen=True):
    """One process of this host and no other; `started` is text to compare, nothing to read."""

    pid: int
    started: str


class Running(Protocol):
    """A process that may be waited for and signalled, whoever's child it is."""

    @property
    def pid(self) -> int:
        """Its number while it runs."""
        ...

    async def wait(self) -> int | None:
        """Until it has ended; its exit code as `subprocess` says it, None where only its parent could know."""
        ...

    def signal(self, signum: int) -> None:
        """Tell it something, if it still runs."""
        ...


def mark_of(pid: int) -> Mark | None:
    """The mark of a process that runs now; None if none does (one that only waits to be buried does not)."""
    started = _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)
    return Mark(pid, started) if started else None


def adopt(mark: Mark) -> "Adopted | None":
    """Take charge of a process by its mark; None if it has ended, whoever has its number now."""
    descriptor = -1
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(mark.pid)
        except OSError:
            return None
    adopted = Adopted(mark, descriptor)
    if mark_of(mark.pid) == mark:
        return adopted
    adopted.close()
    return None


class Adopted:
    """Somebody else's child. On Linux a pidfd stands for it, so that no signal ever meets another process."""

    def __init__(self, mark: Mark, descriptor: int) -> None:
        self.mark = mark
        self._descriptor = descriptor

    @property
    def pid(self) -> int:
        """Its number while it runs."""
        return self.mark.pid

    async def wait(self) -> None:
        """Until it has ended. Nobody but its parent learns its exit code."""
        if self._descriptor < 0:
            while mark_of(self.pid) == self.mark:  # noqa: ASYNC110 - nobody tells us of it
                await asyncio.sleep(_LOOK_EVERY_S)
            return
        # A descriptor of its own: several may wait, and a loop takes each only once.
        watched, ended = os.dup(self._descriptor), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)

    def signal(self, signum: int) -> None:
        """Tell it something, if it still runs."""
        with suppress(ProcessLookupError):
            if self._descriptor >= 0 and sys.platform == "linux":
                signal.pidfd_send_signal(self._descriptor, signum)
            elif mark_of(self.pid) == self.mark:
                os.kill(self.pid, signum)

    def close(self) -> None:
        """Nothing more is wanted of it; it runs on if it runs."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def with_argument(beginning: str) -> Iterator[Mark]:
    """Processes of this user, started with an argument that begins so. Only Linux lets us look."""
    if sys.platform != "linux":
        return
    wanted = b"\0" + os.fsencode(beginning)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and wanted in (folder / "cmdline").read_bytes():
                mark = mark_of(int(folder.name))
                if mark:
                    yield mark


def _started_linux(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[_STATE] in {"Z", "X"} else f"{_boot()}/{fields[_STARTED]}"


def _started_elsewhere(pid: int) -> str:
    command = ("ps", "-o", "lstart=", "-p", str(pid))
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@cache
def _boot() -> str:
    """Clock ticks count from here."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
