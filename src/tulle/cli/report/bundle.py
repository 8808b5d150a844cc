"""The file of a report: a tar.gz only its owner can read, bounded in size, everything in it redacted."""

import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tulle.cli.errors import CliError
from tulle.cli.report.redaction import Redactor

MOST_OF_ONE = 4 * 1024 * 1024
MOST_OF_ALL = 96 * 1024 * 1024
"""Bytes before packing: of one file its end is kept, the newest lines of a log."""


class Bundle:
    """Takes files until it is full; says what it had to leave out."""

    def __init__(
        self, archive: tarfile.TarFile, folder: str, redactor: Redactor, now: float
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._redactor = redactor
        self._now = now
        self._left = MOST_OF_ALL
        self.omitted: list[str] = []

    def add(self, name: str, content: str | bytes) -> None:
        """Put something in under a name."""
        text = content if isinstance(content, str) else content.decode(errors="replace")
        # Redacted before it is cut: half a secret would not be recognised.
        data = self._redactor.text(text).encode()
        if len(data) > MOST_OF_ONE:
            self.omitted.append(f"{name}: the first {len(data) - MOST_OF_ONE} bytes")
            data = data[-MOST_OF_ONE:]
        if len(data) > self._left:
            self.omitted.append(f"{name}: the report is full")
            return
        self._left -= len(data)
        info = tarfile.TarInfo(f"{self._folder}/{self._redactor.text(name)}")
        info.size, info.mode, info.mtime = len(data), 0o600, int(self._now)
        self._archive.addfile(info, io.BytesIO(data))


@contextmanager
def new_bundle(path: Path, redactor: Redactor, now: float) -> Iterator[Bundle]:
    """A new file at a path (0600); it is there when it is whole. Raises CliError."""
    folder = path.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".tgz")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise CliError(f"{path}: is there already", "name a new file", "file-exists") from exc
    except OSError as exc:
        hint = "name a new file in a folder you may write"
        raise CliError(f"{path}: {exc.strerror}", hint, "file-unwritable") from exc
    try:
        with (
            os.fdopen(descriptor, "wb") as stream,
            tarfile.open(fileobj=stream, mode="w:gz") as archive,
        ):
            yield Bundle(archive, folder, redactor, now)
    except (OSError, zlib.error) as exc:
        path.unlink(missing_ok=True)
        hint = "name a file on a disk with room"
        raise CliError(f"{path}: {exc}", hint, "file-unwritable") from exc
    except BaseException:
        path.unlink(missing_ok=True)
        raise
