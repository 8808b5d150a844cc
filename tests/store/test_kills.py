"""What was acknowledged survives kill -9, and watches go on where they were. Seeded: a red run can be repeated."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.store.disks import PRIVATELY, ext4, mounted, needs_root

from tulle.model.kinds.workload import Workload
from tulle.store.sqlite import SqliteStore

KILLS = 300
CUTS = 60
SEED = 20261127
WRITER = Path(__file__).parent / "writer.py"


@dataclass
class Heard:
    """What all lives together have acknowledged. `written` is None for a removal."""

    written: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)

    def line(self, text: str) -> bool:
        """Remember a line; whether it acknowledged a write."""
        match text.split():
            case ["put", revision, name, address]:
                return self._write(int(revision), name, address)
            case ["gone", revision, name]:
                return self._write(int(revision), name, None)
            case ["saw", revision]:
                self.seen.append(int(revision))
        return False

    def _write(self, revision: int, name: str, address: str | None) -> bool:
        assert revision not in self.written, f"revision {revision} was given twice"
        self.written[revision] = (name, address)
        return True


@contextlib.contextmanager
def writers(*prefix: str) -> Iterator[subprocess.Popen[str]]:
    """The process whose forks write."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*prefix, sys.executable, WRITER], stdin=pipe, stdout=pipe, text=True, bufsize=1
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Death:
    """When a life ends: after so many acknowledged writes (0: as soon as it lives), and so much later."""

    acknowledged: int
    later_s: float


def deaths(count: int) -> Iterator[Death]:
    """At random moments, the same ones every time: while it opens and recovers, early, late, amid a commit."""
    luck = random.Random(SEED)
    for _ in range(count):
        acknowledged = luck.choice([0, 1, 2, luck.randrange(3, 20), luck.randrange(20, 60)])
        yield Death(acknowledged, luck.random() * 0.005)


def live_and_die(
    writer: subprocess.Popen[str], path: Path, heard: Heard, seed: int, death: Death
) -> None:
    """One life."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    after = heard.seen[-1] if heard.seen else 0
    print(path, seed, after, file=writer.stdin, flush=True)
    pid = int(writer.stdout.readline().split()[1])
    left, killed = death.acknowledged, False
    while True:
        if left == 0 and not killed:
            time.sleep(death.later_s)  # not a wait for anything: the moment is the test
            os.kill(pid, signal.SIGKILL)
            killed = True
        text = writer.stdout.readline()
        assert text, "the writer ended"
        if text == "ended\n":
            assert killed, "it ended by itself"
            return
        left -= heard.line(text) and left > 0


async def contents(
    path: Path,
) -> tuple[dict[int, tuple[str, Workload | None]], dict[str, Workload]]:
    """What every revision of a store changed, and what is in it."""
    store = SqliteStore.open(path, lambda: 0.0)
    world = await store.world()
    found: dict[int, tuple[str, Workload | None]] = {}
    if world.revision == 0:  # it died before its first write
        await store.close()
        return {}, {}
    async with aclosing(store.watch(0)) as batches:
        async for batch in batches:
            for revision, key, workload in batch.numbered():
                assert revision not in found
                assert workload is None or isinstance(workload, Workload)
                found[revision] = key.name, workload
            if batch.revision == world.revision:
                break
    await store.close()
    return found, {w.metadata.name: w for w in world.all(Workload)}


def check(path: Path, heard: Heard) -> None:
    """All that was acknowledged is there, in revisions without gaps, and the world is what they add up to."""
    found, world = asyncio.run(contents(path))
    assert sorted(found) == list(range(1, len(found) + 1))
    for revision, (name, address) in heard.written.items():
        changed, workload = found[revision]
        assert (changed, workload.spec.address if workload else None) == (name, address)
    latest = dict(found[revision] for revision in sorted(found))
    assert {name: workload for name, workload in latest.items() if workload} == world


def copied(disk: Path, folder: Path) -> Path:
    """The store of a disk only others see, where SQLite finds it: it takes links in paths apart."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for file in disk.glob("store.db*"):
        shutil.copy(file, folder)
    return folder / "store.db"


@pytest.mark.timeout(120)
def test_every_acknowledged_write_survives_300_kills_and_watches_neither_skip_nor_repeat(
    tmp_path: Path,
) -> None:
    path, heard = tmp_path / "store.db", Heard()
    with writers() as writer:
        for life, death in enumerate(deaths(KILLS)):
            live_and_die(writer, path, heard, life, death)
            if life % 50 == 0:
                check(path, heard)

    check(path, heard)
    assert heard.seen == list(range(1, len(heard.seen) + 1))
    assert len(heard.written) > 5 * KILLS


@needs_root
@pytest.mark.timeout(120)
def test_every_acknowledged_write_survives_a_power_cut(tmp_path: Path) -> None:
    """What the page cache had not passed on is lost: the disk's image is taken as it is, and mounted anew."""
    image, heard = ext4(tmp_path / "0.img"), Heard()
    with writers(*PRIVATELY) as writer:
        for life, death in enumerate(deaths(CUTS)):
            with mounted(writer.pid, image, tmp_path / str(life)):
                live_and_die(writer, tmp_path / str(life) / "store.db", heard, life, death)
                cut = Path(shutil.copy(image, tmp_path / f"{life + 1}.img"))
            image.unlink()
            image = cut
            with mounted(writer.pid, image, tmp_path / "after") as disk:
                check(copied(disk, tmp_path / "copy"), heard)

    assert heard.seen == list(range(1, len(heard.seen) + 1))
    assert len(heard.written) > 5 * CUTS
