"""The folder of one workload on disk: keys, last good configuration, ports, sockets. 0700, its files 0600.

Nothing is written in place: a reader, or an agent after a power cut, sees the old file or the new one.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.model.problems import system_words

_LONGEST_SOCKET_PATH = 103
"""Bytes; macOS takes no more, Linux four more."""


class StateDir:
    """An open, locked folder: one agent at a time. Use as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _as_agent_error(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _refuse_strangers(path)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise AgentError(
                "state-dir-in-use",
                f"another agent runs from {path}",
                "stop it, or give this one a folder of its own with --state-dir",
            ) from error

    def __enter__(self) -> "StateDir":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the next agent in."""
        os.close(self._lock)

    def read(self, name: str) -> bytes | None:
        """The whole file, or None where there is none."""
        with _as_agent_error(self.path):
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        """Replace the file at once and for good: flushed to disk before its name changes hands."""
        with _as_agent_error(self.path):
            write_private(self.path / name, data)

    def remove(self, name: str) -> None:
        """Forget a file."""
        (self.path / name).unlink(missing_ok=True)

    def socket(self, name: str) -> Path:
        """Where a Unix socket of this workload lives."""
        path = self.path / name
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise AgentError(
                "socket-path-too-long",
                f"{path} is too long for a Unix socket ({_LONGEST_SOCKET_PATH} bytes at most)",
                "choose a shorter folder with --state-dir",
            )
        return path


def write_private(path: Path, data: bytes) -> None:
    """Replace a file with mode 0600 from its first byte on, atomically and durably."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # a leftover of an older version may have been wider
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    _flush_folder(path.parent)


def create_private(path: Path) -> None:
    """Make an empty file with mode 0600 where there is none."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_strangers(path: Path) -> None:
    """Keys live here: a folder of another user, or one others may enter, is none for them."""
    status = path.stat()
    if status.st_uid != os.getuid():
        raise AgentError(
            "state-dir-not-yours",
            f"{path} belongs to user {status.st_uid}, you are {os.getuid()}",
            "choose another folder with --state-dir",
        )
    if status.st_mode & 0o077:
        path.chmod(0o700)


@contextlib.contextmanager
def _as_agent_error(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise AgentError(
            "state-dir-unusable",
            f"the state folder {path} cannot be used: {system_words(error)}",
            "choose another, which you may write, with --state-dir",
        ) from error
