"""What a host's agent carries, on disk: how the next one takes over where this one stopped, however it stopped.

One small file per workload, 0600, in the agent's folder. A record is written before anything is started for a
workload and taken away after the last of it ended. There is no secret in it; the workload's own folder has those.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tulle.agent.programs.processes import Mark
from tulle.agent.state import write_private

_FORMAT = 1


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One workload: the flags of `tulle run`, whose it is, where its folder is, and how it was last.

    `owner` is the `tulle run` that runs the program; None where a file (`source`) declares the workload.
    """

    words: Mapping[str, str | tuple[str, ...]]
    uid: int
    state_dir: str
    owner: Mark | None = None
    source: str = ""
    healthy: bool = False
    token_file: str = ""

    @property
    def name(self) -> str:
        """Of its file: one workload, one folder, one record."""
        mark = hashlib.sha256(self.state_dir.encode()).hexdigest()[:16]
        return f"{Path(self.state_dir).name[:40]}-{mark}"


class _Saved(msgspec.Struct, frozen=True):
    format: int
    record: Record


class Book:
    """The records in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, record: Record) -> None:
        """Remember a workload, or how it is now."""
        write_private(self._file(record), msgspec.json.encode(_Saved(_FORMAT, record)))

    def remove(self, record: Record) -> None:
        """Nothing of it is left."""
        self._file(record).unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """All that are readable, in the order of their names; a damaged one costs its workload, not the others."""
        for file in sorted(self._folder.glob("*.json")):
            try:
                saved = msgspec.json.decode(file.read_bytes(), type=_Saved)
            except (OSError, msgspec.MsgspecError):
                continue
            if saved.format == _FORMAT:
                yield saved.record

    def _file(self, record: Record) -> Path:
        return self._folder / f"{record.name}.json"
