"""The agent's seat on its host: a lock only one agent holds, and the socket it is found by.

The lock tells who the agent is; the kernel frees it when that process is gone, however it went. The socket is
put in place whole (bound under another name, then renamed), so that there is never a moment without one, and it
stays when an agent goes that expects a successor: who comes meanwhile is refused a connection, and tries again.
"""

import asyncio
import contextlib
import fcntl
import grp
import os
import socket
from collections.abc import Generator
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.agent.host import frames
from tulle.agent.host.frames import Denied, HandingOver, HandOver, Welcome
from tulle.agent.host.line import Line, connect
from tulle.agent.host.settings import HostSettings
from tulle.model.problems import system_words

_LOCK = "lock"
_HAND_OVER_S = 30.0
_LOOK_EVERY_S = 0.02
_BACKLOG = 128


class Seat:
    """Taken by `take`; `leave` frees it."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._lock = -1

    async def take(self) -> None:
        """Become the agent. Another one is asked to hand over where that is wanted, else this fails."""
        with _as_agent_error(self._settings.state_dir):
            self._settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._settings.state_dir.chmod(0o700)
            path = self._settings.state_dir / _LOCK
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._locked():
            return
        if not self._settings.take_over:
            raise AgentError(
                "agent-runs-already",
                f"another agent carries this host's workloads, from {self._settings.state_dir}",
                "`tulle agent status` shows it; --take-over replaces it without dropping traffic",
            )
        await ask_to_hand_over(self._settings.socket)
        async with asyncio.timeout(_HAND_OVER_S):
            while not self._locked():  # noqa: ASYNC110 - the kernel tells nobody that a lock is free
                await asyncio.sleep(_LOOK_EVERY_S)

    def listen(self) -> socket.socket:
        """The socket, in place and listening."""
        path = self._settings.socket
        new = path.with_name(f".{path.name}.{os.getpid()}")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            with _as_agent_error(path):
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                new.unlink(missing_ok=True)
                before = os.umask(0o177)
                try:
                    listening.bind(str(new))
                finally:
                    os.umask(before)
                self._admit_group(new)
                listening.listen(_BACKLOG)
                new.replace(path)
        except BaseException:
            listening.close()
            raise
        listening.setblocking(False)
        return listening

    def vanish(self) -> None:
        """No successor is expected: nobody shall look for one."""
        self._settings.socket.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let the next agent in."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _admit_group(self, path: Path) -> None:
        if not self._settings.group:
            return
        try:
            group = grp.getgrnam(self._settings.group).gr_gid
        except KeyError as error:
            raise AgentError(
                "group-unknown",
                f"there is no group {self._settings.group!r} on this host",
                f"make it: groupadd {self._settings.group}",
            ) from error
        os.chown(path, -1, group)
        path.chmod(0o660)


async def ask_to_hand_over(path: Path) -> None:
    """Ask the agent that runs to make room; returns when it has agreed."""
    try:
        line: Line[frames.FromHost] = await connect(str(path), frames.read_from_host)
    except OSError as error:
        raise AgentError(
            "agent-unreachable",
            f"the agent that runs does not answer at {path}: {system_words(error)}",
            "end it (its programs and proxies go on) and start this one",
        ) from error
    try:
        line.send(HandOver())
        while frame := await line.receive():
            match frame:
                case Welcome():
                    continue
                case HandingOver():
                    return
                case Denied():
                    raise AgentError(frame.code, frame.message, frame.hint)
                case _:
                    continue
        raise AgentError("agent-unreachable", "the agent that runs hung up", "try again")
    finally:
        await line.closed()


@contextlib.contextmanager
def _as_agent_error(path: Path) -> Generator[None]:
    """Foreign errors end here."""
    try:
        yield
    except OSError as error:
        raise AgentError(
            "agent-place-unusable",
            f"{path} cannot be used: {system_words(error)}",
            "choose other places with --state-dir and --socket, or run it as root",
        ) from error
