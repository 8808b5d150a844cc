"""Records of captures, one file each in /run/tulle/capture: gone with the next boot, as the rules are."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tulle.agent.errors import AgentError
from tulle.agent.state import write_private
from tulle.capture.records import Record
from tulle.capture.tables import is_ours
from tulle.model.problems import system_words

FOLDER = Path("/run/tulle/capture")


def write(record: Record) -> None:
    """Before its rules are there: rules without a record are nobody's."""
    try:
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(_file(record.table), msgspec.json.encode(record))
    except OSError as error:
        raise AgentError(
            "capture-unrecorded",
            f"{FOLDER} cannot be written, where captures are recorded: {system_words(error)}",
            "capture needs root",
        ) from error


def remove(table: str) -> None:
    """After its rules are gone."""
    _file(table).unlink(missing_ok=True)


def records() -> Iterator[Record]:
    """All that can be read, by name."""
    for file in sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else ():
        try:
            record = msgspec.json.decode(file.read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            continue
        if record.table == file.stem and is_ours(record.table):
            yield record


def is_living(record: Record) -> bool:
    """Whether its agent lives: it holds a lock in its state folder for as long as it does."""
    try:
        descriptor = os.open(Path(record.state_dir) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _file(table: str) -> Path:
    return FOLDER / f"{table}.json"
