"""Where the files of a workload's Envoys are, and taking them away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tulle.agent.proxy.life.record import Life

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - Envoy's choice, not ours
_SLOTS = 4
"""More than ever run at once: one, the one it replaces, and perhaps one it could not."""
_EPOCHS = 3
"""Envoy counts epochs to this in the names of its sockets."""
HOT_RESTART = "hot"
"""How the sockets begin by which Envoys that follow each other speak. They are files in the workload's folder
(0700), for whoever may speak there is handed the listening sockets. Relative: a path of theirs must be short.
"""


@dataclass(frozen=True, slots=True)
class EnvoyPlace:
    """Everything lies in the workload's folder."""

    folder: Path

    @property
    def log(self) -> Path:
        """Of all of them, and of what they say before they have a log."""
        return self.folder / "envoy.log"

    @property
    def bootstraps(self) -> Path:
        """How the paths of all their bootstraps begin: processes that were given one are ours."""
        return self.folder / "envoy-"

    def bootstrap(self, number: int) -> Path:
        """What one was started from."""
        return self.folder / f"envoy-{number % _SLOTS}.json"

    def admin(self, number: int) -> Path:
        """The admin socket of one."""
        return self.folder / f"admin-{number % _SLOTS}.sock"

    def point_at(self, number: int) -> None:
        """Let `admin.sock` lead to the one that serves, for people and their tools."""
        new = self.folder / ".admin.sock.new"
        new.unlink(missing_ok=True)
        new.symlink_to(self.admin(number).name)
        new.replace(self.folder / "admin.sock")

    @property
    def admins(self) -> Iterator[Path]:
        """All admin sockets there may be."""
        return (self.admin(slot) for slot in range(_SLOTS))

    def clean(self, life: Life) -> None:
        """Take away what an ended Envoy leaves; it takes away nothing itself."""
        self.admin(life.number).unlink(missing_ok=True)
        if not (pointer := self.folder / "admin.sock").exists():
            pointer.unlink(missing_ok=True)
        self.bootstrap(life.number).unlink(missing_ok=True)
        for socket in self.folder.glob(f"{HOT_RESTART}_*_{life.base_id}{life.epoch % _EPOCHS}"):
            socket.unlink(missing_ok=True)


def has_memory(base_id: int) -> bool:
    """Whether the shared memory is there that an Envoy's heir needs. Where memory is no folder, it may be."""
    return not _SHARED_MEMORY.is_dir() or _memory(base_id).exists()


def release_memory(base_id: int) -> None:
    """Take away the shared memory of Envoys that have ended: it outlives even a clean exit."""
    _memory(base_id).unlink(missing_ok=True)


def _memory(base_id: int) -> Path:
    return _SHARED_MEMORY / f"envoy_shared_memory_{base_id}0"
