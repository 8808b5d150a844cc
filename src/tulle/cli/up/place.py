"""Where everything of one run lies: a private folder, locked while it lives, gone afterwards.

A run that was killed leaves its folder; the lock is free then, and the next run takes the folder away.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tulle.cli.errors import CliError
from tulle.settings import api_socket

LOCK = "lock"
PID = "pid"
MOST_CHARACTERS = 60
"""A home whose path is longer would leave no room for the names of sockets in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of this run, 0700, and the socket its API listens at."""

    folder: Path
    api_socket: Path
    is_default: bool
    """Whether commands in other terminals find the socket by themselves."""

    def of_workload(self, index: int) -> Path:
        """A folder for an agent; short, because sockets lie in it."""
        return self.folder / f"w{index}"


@contextmanager
def placed(home: Path) -> Iterator[Place]:
    """A new place below `home`, or in a temporary folder where paths would get too long."""
    parent = next(path for path in _parents(home) if len(str(path)) <= MOST_CHARACTERS)
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(home)
        folder = Path(tempfile.mkdtemp(prefix=prefix_of(home), dir=parent))
    except OSError as error:
        message = f"nothing can be kept in {parent}: {error.strerror or error}"
        hint = "set $XDG_STATE_HOME to a folder of yours"
        raise CliError(message, hint, "state-home-unusable") from error
    try:
        with _locked(folder):
            (folder / PID).write_text(str(os.getpid()))
            yield Place(folder, *_socket(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for used in (parent, api_socket(os.environ).parent):
            with contextlib.suppress(OSError):  # not empty: others are there
                used.rmdir()


def prefix_of(home: Path) -> str:
    """How the folders of one home begin: in the temporary folder, those of other homes are not ours."""
    return f"tulle-up-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}-"


def running(home: Path) -> Iterator[tuple[int, Path]]:
    """Process id and folder of every run that lives."""
    for folder in _folders(home):
        if _is_locked(folder):
            with contextlib.suppress(OSError, ValueError):
                yield int((folder / PID).read_text()), folder


def sweep(home: Path) -> int:
    """Take away what killed runs left; how many there were."""
    dead = [folder for folder in _folders(home) if not _is_locked(folder)]
    for folder in dead:
        _release_shared_memory(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)


def is_answering(path: Path) -> bool:
    """Whether somebody listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _socket(folder: Path) -> tuple[Path, bool]:
    default = api_socket(os.environ)
    named = os.environ.get("TULLE_SERVER", "").removeprefix("unix:")
    if is_answering(default):
        return folder / "api.sock", False
    return default, named in {"", str(default)}


def _folders(home: Path) -> Iterator[Path]:
    for parent in _parents(home):
        yield from filter(_is_mine, sorted(parent.glob(f"{prefix_of(home)}*")))


def _release_shared_memory(folder: Path) -> None:
    """What the Envoys of a killed run left in memory."""
    from tulle.agent.proxy.life import record
    from tulle.agent.proxy.life.place import release_memory

    for file in folder.glob(f"*/{record.RECORD}"):
        for life in record.load(file.parent):
            release_memory(life.base_id)


def _parents(home: Path) -> list[Path]:
    """Where the folder of a run may be, best first; the last is short everywhere."""
    found = (home, Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108 - a folder of its own, 0700
    return list(dict.fromkeys(found))


def _is_mine(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Locked under another name first: a sweeper takes a folder whose lock is free, never one without.
    new = folder / f"{LOCK}.new"
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(folder / LOCK)
        yield
    finally:
        os.close(descriptor)


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return True  # a run that is only just beginning
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
