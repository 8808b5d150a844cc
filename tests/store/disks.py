"""Small disks of our own, in a mount namespace only the processes of one test see. Needs root."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import wait_until

MAKE = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def why_not() -> str:
    """What is missing for disks of our own, "" if nothing is."""
    if os.geteuid() != 0:
        return "mounts disks of its own: run it as root to have it checked"
    if not Path("/dev/loop-control").exists():
        return "this kernel, or this container, has no loop devices to make disks of"
    if MAKE is None:
        return "mkfs.ext4 is not installed: make system"
    return ""


needs_root = pytest.mark.skipif(bool(why_not()), reason=why_not())

PRIVATELY = ("unshare", "--mount", "--propagation", "private", "--")
"""Before a command: what it mounts nobody else sees, and it is gone with the last process that does."""


def ext4(image: Path, megabytes: int = 24) -> Path:
    """A file with an empty file system. An error makes the kernel stop writing to it."""
    with image.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    assert MAKE
    subprocess.run([MAKE, "-q", "-F", "-e", "remount-ro", image], check=True)
    return image


def seen_by(pid: int, path: Path) -> Path:
    """A path as a process sees it, for us."""
    return Path(f"/proc/{pid}/root{path}")


def run_beside(pid: int, *command: str | Path) -> None:
    """Run something in the mount namespace of a process, once it has left ours."""
    wait_until(lambda: _mounts(pid) != _mounts(os.getpid()), f"{pid} has mounts of its own")
    enter = ["nsenter", "--target", str(pid), "--mount", "--"]
    done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def _mounts(pid: int) -> Path:
    """Which mount namespace a process is in."""
    return Path(f"/proc/{pid}/ns/mnt").readlink()


@contextlib.contextmanager
def mounted(pid: int, image: Path, folder: Path) -> Iterator[Path]:
    """An image at a folder, for a process; the folder as we see it."""
    folder.mkdir(exist_ok=True)
    run_beside(pid, "mount", "-o", "loop", image, folder)
    try:
        yield seen_by(pid, folder)
    finally:
        run_beside(pid, "umount", folder)


def fill(folder: Path) -> Path:
    """Take all the room there is; the file that takes it. Nothing is faked: the kernel says no."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    return filler


def on_disk(image: Path, folder: Path) -> tuple[str, ...]:
    """Before a command: it runs with the image mounted at a folder, for itself alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    script = 'mount -o loop "$0" "$1" && chmod 700 "$1" && shift && exec "$@"'
    return (*PRIVATELY, "sh", "-c", script, str(image), str(folder))
