"""Writes a plan to a machine below some root, and takes a manifest away from it. Says what it did, line by line."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tulle import __version__
from tulle.cli.install import manifest
from tulle.cli.install.manifest import Manifest
from tulle.cli.install.plan import CONFIG, STATE, File, Link, Plan, digest


def write(plan: Plan, root: Path) -> Iterator[str]:
    """Do it. What is as it should be is left alone; so is what somebody changed and may change."""
    earlier = manifest.read(root) or Manifest()
    folders = tuple(str(folder) for folder in _make_folders(plan, root))
    written = Manifest(
        tulle=__version__,
        files={str(file.path): file.digest for file in plan.files},
        links={str(link.path): link.target for link in plan.links},
        folders=folders,
    )
    # First, so that an install that is cut off can be undone.
    _put(manifest.place(root), manifest.text(written.with_earlier(earlier)), 0o644)
    for file in plan.files:
        yield f"{_write(file, root, earlier)} {file.path}"
    for link in plan.links:
        yield f"{_link(link, root)} {link.path}"


def remove(found: Manifest, root: Path, *, purge: bool) -> Iterator[str]:
    """Undo it. Files somebody changed stay, unless everything is to go; so does what the services made."""
    for path, target in found.links.items():
        at = below(root, path)
        if at.is_symlink() and str(at.readlink()) == target:
            at.unlink()
            yield f"removed {path}"
    for path, written in found.files.items():
        at = below(root, path)
        if not at.is_file():
            continue
        if not purge and digest(at.read_bytes()) != written:
            yield f"kept {path}: it was changed since (--purge takes it too)"
            continue
        at.unlink()
        yield f"removed {path}"
    if purge:
        yield from _purge(root)
    manifest.place(root).unlink(missing_ok=True)
    for folder in reversed(found.folders):
        with contextlib.suppress(OSError):  # somebody has put something there
            below(root, folder).rmdir()
            yield f"removed {folder}"


def below(root: Path, path: str | PurePosixPath) -> Path:
    """A path of the machine, for us."""
    return root / PurePosixPath(path).relative_to("/")


def _purge(root: Path) -> Iterator[str]:
    for path in (*STATE, CONFIG / "workloads.d"):
        at = below(root, path)
        if at.is_symlink():
            at.unlink()
        elif at.is_dir():
            shutil.rmtree(at)
        else:
            continue
        yield f"removed {path}"


def _make_folders(plan: Plan, root: Path) -> list[PurePosixPath]:
    """Those that were not there."""
    made: list[PurePosixPath] = []
    for folder in plan.folders:
        for part in (*reversed(folder.parents), folder):
            at = below(root, part)
            if not at.is_dir():
                at.mkdir(mode=0o755)
                made.append(part)
    return made


def _write(file: File, root: Path, earlier: Manifest) -> str:
    at = below(root, file.path)
    if at.is_file():
        there = digest(at.read_bytes())
        if there == file.digest:
            return "unchanged"
        if file.yours and there != earlier.files.get(str(file.path)):
            return "kept (you changed it)"
    word = "changed" if at.exists() else "wrote"
    _put(at, file.content, file.mode)
    return word


def _link(link: Link, root: Path) -> str:
    at = below(root, link.path)
    if at.is_symlink() and str(at.readlink()) == link.target:
        return "unchanged"
    at.unlink(missing_ok=True)
    at.symlink_to(link.target)
    return "wrote"


def _put(path: Path, content: str, mode: int) -> None:
    """Whole or not at all, and never readable by more than it should be."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as stream:
        os.fchmod(descriptor, mode)
        stream.write(content)
    fresh.replace(path)
