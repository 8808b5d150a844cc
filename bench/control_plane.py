"""`tulle server` in a process of its own, with a SQLite store in a folder that goes away, and its API."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from tests.envoy.proxies import free_port, until

from tulle.cli.client import Client
from tulle.codec.encode import to_object
from tulle.model.resources import Resource

AT_ONCE = 2000
"""Resources in one request."""


class Applied(msgspec.Struct):
    """The part of an answer to `apply` that counts here."""

    revision: int


class Settled(msgspec.Struct):
    """Whether a revision has arrived everywhere."""

    settled: bool
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class ControlPlane:
    """Where it listens, its process, its keys."""

    pid: int
    xds: str
    keys: Path
    api: Client

    def apply(self, resources: Iterable[Resource]) -> int:
        """As `tulle apply` does; the revision it made."""
        objects = [to_object(resource) for resource in resources]
        revision = 0
        for start in range(0, len(objects), AT_ONCE):
            body = {"resources": objects[start : start + AT_ONCE]}
            revision = self.api.post("/tulle/v1/apply", body, Applied, wait_s=60).revision
        return revision

    def settle(self, revision: int = 0, timeout_s: int = 25) -> None:
        """Wait until the revision has arrived everywhere, as `tulle apply --wait` does."""
        query = {"revision": str(revision), "timeout": str(timeout_s)}
        found = self.api.get("/tulle/v1/settled", Settled, query)
        if not found.settled:
            raise TimeoutError(f"revision {revision} is pending at {', '.join(found.pending[:5])}…")


@contextmanager
def control_plane(
    command: Callable[[list[str]], list[str]] = lambda server: server,
) -> Iterator[ControlPlane]:
    """Run one until the block ends."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        data, socket = Path(folder) / "data", Path(folder) / "api.sock"
        join, xds = (f"127.0.0.1:{free_port()}" for _ in range(2))
        server = [sys.executable, "-m", "tulle", "server", "--log-level", "warning"]
        places = ["--data-dir", str(data), "--api-socket", str(socket)]
        process = subprocess.Popen(
            command([*server, *places, "--join-address", join, "--xds-address", xds]),
            stderr=subprocess.DEVNULL,
        )
        try:
            until(socket.exists, "the control plane listens")
            yield ControlPlane(process.pid, xds, data / "pki", Client(str(socket)))
        finally:
            process.terminate()
            process.wait(20)
