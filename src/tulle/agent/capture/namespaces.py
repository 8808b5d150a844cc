"""Network namespaces: found by name, told apart by number, entered for a moment.

Entering is a thread's own matter, and a socket stays where it was made: so a few lines without `await` are all
it takes to have one elsewhere.
"""

import contextlib
import ctypes
import os
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.capture.wishes import Mode, Wish
from tulle.model.problems import system_words

_NAMED = Path("/run/netns")
_OWN = Path("/proc/thread-self/ns/net")
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Namespace:
    """One that exists: the file that names it, and its number, which no other has while it lives."""

    path: Path
    number: int


def find(text: str) -> Namespace:
    """By its name, as `ip netns` has it, or by a path such as /proc/PID/ns/net."""
    path = Path(text) if "/" in text else _NAMED / text
    try:
        with entered(path):
            return Namespace(path, here())
    except OSError as error:
        raise AgentError(
            "netns-unknown",
            f"{path} is no network namespace to enter: {system_words(error)}",
            "`ip netns` lists those with names; of a container it is /proc/PID/ns/net",
        ) from error


def here() -> int:
    """The number of the one this thread is in; 0 where there are none."""
    try:
        return _OWN.stat().st_ino
    except OSError:
        return 0


def existing() -> dict[int, Path]:
    """Every namespace somebody lives in or has named, by its number: a path to enter it by."""
    found: dict[int, Path] = {}
    for path in (*Path("/proc").glob("[0-9]*/ns/net"), *_NAMED.glob("*")):
        with contextlib.suppress(OSError):
            found[path.stat().st_ino] = path
    return found


@contextlib.contextmanager
def entered(path: Path | None) -> Generator[None]:
    """Be in it meanwhile, this thread alone; None: stay. Raises OSError. Never await inside."""
    if path is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        back = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, back)
        there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, there)
        _enter(there, path)
        stack.callback(_enter, back, _OWN)
        yield


def network_of(wish: Wish) -> AbstractContextManager[None]:
    """Be meanwhile where a program captured like this lives. Raises AgentError where there is no such place."""
    return entered(find(wish.namespace).path if wish.mode is Mode.NETNS else None)


def _enter(descriptor: int, path: Path) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
