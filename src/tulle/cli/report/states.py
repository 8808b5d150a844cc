"""What agents and servers of this machine keep in their folders: logs, and what their Envoys say. Never keys."""

import os
import re
import stat
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from tulle.cli.client import UnixConnection
from tulle.cli.report.found import Found

LIMIT_S = 5.0
MOST_ANSWER = 64 * 1024 * 1024
MOST_LOG = 1024 * 1024
"""Bytes from the end of each log."""
MOST_FOLDERS = 200

_ASKED = {
    "server_info": "info.json",
    "config_dump?include_eds": "config.json",
    "stats": "stats.txt",
    "clusters": "clusters.txt",
    "listeners": "listeners.txt",
    "certs": "certificates.json",
}
"""Of Envoy's admin interface; it leaves keys out of these itself."""

_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)

_SECRET_FILES = ("api-token", "return", "token", "passphrase")


def folders(roots: tuple[Path, ...]) -> tuple[Path, ...]:
    """Every folder of state below some, each once."""
    found: dict[Path, None] = {}
    for root in roots:
        for path, _, _ in os.walk(root, onerror=None):
            found[Path(path)] = None
            if len(found) >= MOST_FOLDERS:
                return tuple(found)
    return tuple(found)


def contents(places: tuple[Path, ...]) -> Iterator[Found]:
    """What lies there: names, sizes, modes. And how much it is."""
    lines, total = [], 0
    for place in places:
        for path in sorted(place.iterdir()) if os.access(place, os.R_OK | os.X_OK) else ():
            status = path.lstat()
            total += status.st_blocks * 512
            lines.append(
                f"{stat.filemode(status.st_mode)} {status.st_uid} {status.st_size:>10} {path}"
            )
    yield Found("state/files.txt", "\n".join([*lines, f"{total} bytes on disk", ""]))


def logs(places: tuple[Path, ...]) -> Iterator[Found]:
    """The end of every log."""
    for path in (path for place in places for path in sorted(place.glob("*.log*"))):
        yield Found(f"logs/{_flat(path)}", _end_of(path))


def proxies(places: tuple[Path, ...]) -> Iterator[Found]:
    """What each Envoy says of itself."""
    for socket in (path for place in places for path in sorted(place.glob("admin*.sock"))):
        for question, name in _ASKED.items():
            yield Found(f"proxies/{_flat(socket.parent)}/{name}", _ask(socket, question))


def secrets(places: tuple[Path, ...]) -> Iterator[bytes]:
    """Keys and tokens that lie there, so that they can be looked for and taken out wherever else they stand."""
    for place in places:
        for path in sorted(place.iterdir()) if os.access(place, os.R_OK | os.X_OK) else ():
            named = path.name in _SECRET_FILES or path.suffix in {".pem", ".key", ".token"}
            if named and path.is_file() and os.access(path, os.R_OK):
                data = path.read_bytes()[:65536]
                # Of a file with certificates beside the key only the key: certificates are no secret.
                yield from _PRIVATE_KEY.findall(data) or [data]


def _ask(socket: Path, question: str) -> bytes:
    connection = UnixConnection(str(socket), LIMIT_S)
    try:
        connection.request("GET", f"/{question}", headers={"Host": "envoy"})
        return connection.getresponse().read(MOST_ANSWER)
    except (OSError, HTTPException) as exc:
        return f"{type(exc).__name__}: {exc}\n".encode()
    finally:
        connection.close()


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_LOG))
            return file.read(MOST_LOG)
    except OSError as exc:
        return f"{exc}\n".encode()


def _flat(path: Path) -> str:
    """A path as one name."""
    return str(path).strip("/").replace("/", "_")
