"""Whom to ask for what is not the mesh's: the servers of the host's own resolv.conf, read again when it changes."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from tulle.dns.resolv_conf import ResolvConf, is_ours, parse
from tulle.dns.upstreams import Server

RESOLV_CONF = Path("/etc/resolv.conf")
_LARGEST = 64 * 1024
_EVERY_S = 1.0


def resolv_conf_of(namespace: str) -> Path:
    """The file of a network namespace, by name (as `ip netns` has it), by a process's path, or "" for the host's."""
    if not namespace:
        return RESOLV_CONF
    parts = Path(namespace).parts
    if parts[:2] == ("/", "proc"):
        return Path(*parts[:3]) / "root" / "etc" / "resolv.conf"
    own = Path("/etc/netns") / Path(namespace).name / "resolv.conf"
    return own if own.is_file() else RESOLV_CONF


class Source:
    """Follows a file. `ours` says which servers are ourselves: they are never asked. `clock` counts seconds.

    A file we wrote names ourselves only: `saved` is where the one before it is.
    """

    def __init__(
        self,
        path: Path,
        saved: Path | None,
        ours: Callable[[Server], bool],
        clock: Callable[[], float],
    ) -> None:
        self._path = path
        self._saved = saved
        self._ours = ours
        self._clock = clock
        self._looked = float("-inf")
        self._stamp: tuple[int, int, int] | None = None
        self._conf = ResolvConf()
        self._servers: tuple[Server, ...] = ()

    @property
    def conf(self) -> ResolvConf:
        """All the file says."""
        self._look()
        return self._conf

    def servers(self) -> tuple[Server, ...]:
        """Those it names, without ourselves."""
        self._look()
        return self._servers

    def _look(self) -> None:
        if self._clock() - self._looked < _EVERY_S:
            return
        self._looked = self._clock()
        path = self._path
        stamp = _stamp(path)
        if stamp == self._stamp and stamp is not None:
            return
        self._stamp = stamp
        text = _read(path)
        if is_ours(text) and self._saved is not None:
            text = _read(self._saved)
        self._conf = parse(text)
        self._servers = tuple(one for one in self._conf.servers if not self._ours(one))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read(path: Path) -> str:
    """What cannot be read says nothing: then there is nobody to ask, and answers say so."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_LARGEST).decode("utf-8", "replace")
    return ""
