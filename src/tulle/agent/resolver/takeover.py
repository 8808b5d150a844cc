"""The host's own resolv.conf, replaced for as long as an agent answers, and put back whatever happens.

The file before ours keeps its inode, its owner and its name's kind (it may be a symbolic link): it gets a second
name, and takes the first one back at the end. After a kill the next start puts it back, or `tulle dns restore`.
Whoever else writes the file meanwhile wins: then there is nothing to put back.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Generator
from enum import StrEnum
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.dns.resolv_conf import is_ours
from tulle.model.problems import system_words

_SAVED = ".before-tulle"
_LOCK = ".tulle-lock"
_NEW = ".tulle-new"
_MODE = 0o644


class Restored(StrEnum):
    """What became of a file."""

    RESTORED = "restored"
    NOT_OURS = "not ours"
    IN_USE = "in use"


def saved(path: Path) -> Path:
    """Where the file before ours is meanwhile."""
    return path.with_name(path.name + _SAVED)


@contextlib.contextmanager
def taken(path: Path, text: str) -> Generator[None]:
    """Have the file say this meanwhile. Raises AgentError."""
    with _as_agent_error(path), contextlib.ExitStack() as undo:
        if not undo.enter_context(_locked(path)):
            raise AgentError(
                "resolv-conf-in-use",
                f"another agent answers for {path}",
                "one per host can: give this program a private one with --dns resolv-conf",
            )
        _put_back(path)
        undo.callback(_put_back, path)
        _keep(path)
        _write(path, text.encode())
        yield


def restore(path: Path) -> Restored:
    """Put back what an agent that was killed has left. Raises AgentError."""
    with _as_agent_error(path), _locked(path) as free:
        if not free:
            return Restored.IN_USE
        return Restored.RESTORED if _put_back(path) else Restored.NOT_OURS


@contextlib.contextmanager
def _locked(path: Path) -> Generator[bool]:
    """Whether nobody else has the file now; it is ours until the end, or our death."""
    lock = path.with_name(path.name + _LOCK)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
        lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _put_back(path: Path) -> bool:
    """Whether there was something of ours. What others wrote since stays, and ours before it is forgotten."""
    before = saved(path)
    if not is_ours(_read(path)):
        before.unlink(missing_ok=True)
        return False
    if not os.path.lexists(before):
        path.unlink()  # there was none when we came
        return True
    try:
        before.replace(path)
    except OSError as error:
        if error.errno != errno.EBUSY:  # a mount point, as in containers
            raise
        path.write_bytes(before.read_bytes())
        before.unlink()
    return True


def _keep(path: Path) -> None:
    """Give the file its second name; a mount point has only its content."""
    if not os.path.lexists(path):
        return
    try:
        os.link(path, saved(path), follow_symlinks=False)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM}:
            raise
        saved(path).write_bytes(path.read_bytes())


def _write(path: Path, data: bytes) -> None:
    """At once: a program that reads meanwhile sees one file or the other."""
    new = path.with_name(path.name + _NEW)
    new.write_bytes(data)
    new.chmod(_MODE)
    try:
        new.replace(path)
    except OSError as error:
        new.unlink()
        if error.errno != errno.EBUSY:
            raise
        path.write_bytes(data)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _as_agent_error(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise AgentError(
            "resolv-conf-unusable",
            f"{path} cannot be replaced: {system_words(error)}",
            "run as root, or leave the file alone with --dns port",
        ) from error
