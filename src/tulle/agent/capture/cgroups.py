"""Control groups of version 2: a workload's two, one for its program and one for its proxy.

`nft` resolves their names below /sys/fs/cgroup, so that is where the tree must be: itself, or, on hosts that
still run version 1, in a folder of it (systemd's `unified`; made and mounted where there is none).
"""

import asyncio
import contextlib
import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

from tulle.agent.errors import AgentError
from tulle.capture.plans import Cgroup
from tulle.model.problems import system_words

FOLDER = Path("/sys/fs/cgroup")
"""Where `nft` looks."""
_UNIFIED = "unified"
_OURS = "tulle"
_PROCESSES = "cgroup.procs"
_LOOK_EVERY_S, _LOOKS = 0.01, 200
"""How long processes that are killed may take to go: two seconds."""


@dataclass(frozen=True, slots=True)
class Cgroups:
    """The control groups of one workload, in a folder of their own; `tree` is where version 2 is mounted."""

    tree: Path
    folder: Path

    @property
    def program(self) -> Path:
        """Where the program runs."""
        return self.folder / "program"

    @property
    def proxy(self) -> Path:
        """Where its Envoys run."""
        return self.folder / "proxy"

    @property
    def folders(self) -> tuple[Path, Path]:
        """Both."""
        return self.program, self.proxy

    def make(self) -> None:
        """Have them there; those of an earlier agent are as good."""
        try:
            for folder in self.folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(f"{self.folder} cannot be made", error) from error

    def existing(self, name: str) -> Path:
        """The control group of a program that is not ours. Raises AgentError where there is none (any more)."""
        folder = self.tree / name
        if not (folder / _PROCESSES).is_file():
            raise AgentError(
                "cgroup-missing",
                f"there is no control group {name} below {self.tree}",
                "is the service started? `systemctl show -p ControlGroup NAME` says where it runs",
            )
        return folder

    def named(self, folder: Path) -> Cgroup:
        """One of them as rules name it."""
        path = str(folder.relative_to(FOLDER))
        return Cgroup(path, len(folder.relative_to(self.tree).parts))

    def running(self) -> int:
        """How many processes are in them."""
        return sum(len(_read(folder / _PROCESSES).split()) for folder in self.folders)

    async def remove(self) -> bool:
        """Take them away, and end what is still in them: a program is gone with everything it started.

        False if something would not end in time.
        """
        for folder in self.folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
        for _ in range(_LOOKS):
            if _vanish(self.program, self.proxy, self.folder):
                with contextlib.suppress(OSError):
                    self.folder.parent.rmdir()  # if no other workload is captured
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False


def of_workload(name: str) -> Cgroups:
    """The control groups of a capture of this name; nothing is made yet."""
    tree = _find_tree()
    return Cgroups(tree, tree / _OURS / name)


def at(folder: Path) -> Cgroups:
    """Those of an earlier capture, by its record."""
    return Cgroups(folder.parent.parent, folder)


def _find_tree() -> Path:
    """The mounted tree, mounted now where there is none."""
    for candidate in (FOLDER, FOLDER / _UNIFIED):
        if (candidate / _PROCESSES).is_file():
            return candidate
    target = FOLDER / _UNIFIED
    try:
        target.mkdir(exist_ok=True)
    except OSError:
        target = FOLDER  # sysfs alone: it takes a mount, but no folder
    if ctypes.CDLL(None, use_errno=True).mount(b"none", os.fsencode(target), b"cgroup2", 0, None):
        number = ctypes.get_errno()
        error = OSError(number, os.strerror(number), str(target))
        raise _unusable("there are no control groups of version 2", error) from error
    return target


def _vanish(*folders: Path) -> bool:
    """Whether they are gone, taken away as far as they are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not any(folder.exists() for folder in folders)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _unusable(what: str, error: OSError) -> AgentError:
    return AgentError(
        "cgroup-unusable",
        f"{what}: {system_words(error)}",
        "capture needs root and cgroup2 at /sys/fs/cgroup or /sys/fs/cgroup/unified, writable",
    )
