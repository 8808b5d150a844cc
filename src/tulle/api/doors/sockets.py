"""The Unix socket of the API: private from its first moment, taken over from the dead, never from the living."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tulle.api.errors import SocketError
from tulle.model.problems import Problem, system_words

BACKLOG = 128


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at a path, gone afterwards. Raises SocketError with the reason if it cannot."""
    door = _open(path)
    inode = path.stat().st_ino
    try:
        yield door
    finally:
        door.close()
        with suppress(OSError):
            if path.stat().st_ino == inode:  # somebody may have replaced it since
                path.unlink()


def _open(path: Path) -> socket.socket:
    """A listening Unix socket, 0600 from its first moment; what a dead server left there is replaced."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear(path)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise _unusable(path, error) from error
    before = os.umask(0o177)
    try:
        door.bind(str(path))
    except OSError as error:
        door.close()
        raise _unusable(path, error) from error
    finally:
        os.umask(before)
    door.listen(BACKLOG)
    door.setblocking(False)
    return door


def _clear(path: Path) -> None:
    """Take away the socket of a server that is gone; nothing else is ever taken away."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise _refused(
            "socket-path-taken",
            f"{path} is there already, and is no socket",
            "choose another --api-socket, or move it away",
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise _refused(
        "socket-taken",
        f"another server answers at {path}",
        "stop that one (`tulle down` ends a `tulle up`), or choose another --api-socket",
    )


def _unusable(path: Path, error: OSError) -> SocketError:
    return _refused(
        "socket-unusable",
        f"the API cannot listen at {path}: {system_words(error)}",
        "choose another --api-socket: a short path in a folder of yours",
    )


def _refused(code: str, message: str, hint: str) -> SocketError:
    return SocketError(Problem("--api-socket", code, message, hint))
