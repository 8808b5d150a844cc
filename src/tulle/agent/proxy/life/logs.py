"""Envoy's log file: one per start of an agent's Envoys and that of the one before, and its last words in errors."""

import contextlib
from pathlib import Path


def keep_last(log: Path) -> None:
    """Begin a new log and keep the one before: no log grows for ever."""
    with contextlib.suppress(FileNotFoundError):
        log.rename(log.with_suffix(".log.1"))


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log file, indented to stand in an error."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        lines = ["(it wrote no log)"]
    return "\n".join(f"  {line}" for line in lines)
