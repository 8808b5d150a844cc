"""`tulle store backup | restore | check`: with a running server through its socket, without one on its folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tulle.cli.answers import CheckResult, Checks
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError, error_of
from tulle.cli.inspection.check import print_results
from tulle.cli.output import output_option
from tulle.cli.store.passphrases import known_passphrase, new_passphrase, passphrase_option

if TYPE_CHECKING:
    from tulle.store.backups.archive import Contents
    from tulle.store.backups.taking import Seal

BACKUP_WAIT_S = 120.0

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The data directory of a server that does not run, in place of asking a server.",
)


@click.group("store")
def command() -> None:
    """Back up, restore and check what the server keeps."""


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@passphrase_option
@click.option(
    "--without-keys",
    is_flag=True,
    help="Leave the keys of the certificate authority out, and need no passphrase.",
)
@data_dir_option
@server_option
def backup(
    file: Path,
    passphrase_file: Path | None,
    without_keys: bool,
    data_dir: Path | None,
    client: Client,
) -> None:
    """Write everything the server keeps to a new FILE (0600), or to standard output with -.

    The server goes on meanwhile. The keys of the certificate authority are in it, sealed with a passphrase as all
    the rest is. A backup made --without-keys holds your Secrets readable to whoever reads the file, unless
    --passphrase-file seals it too.
    """
    if str(file) == "-" and sys.stdout.isatty():
        raise click.UsageError("a backup is no text: send it to a file or a program")
    with _new_file(file) as stream, _problems():
        seal = _seal(passphrase_file, needed=not without_keys)
        data = _taken(seal, data_dir, client, with_keys=not without_keys)
        told = _told(data)  # before it is written: what came in part is no backup
        _write(stream, data)
    click.echo(f"{_name(file)}: {told}", err=True)


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to put it.  [default: that of `tulle server`]",
)
@passphrase_option
@click.option(
    "--replace",
    is_flag=True,
    help="Move what is there into a folder beside it, and take its place.",
)
def restore(file: Path, data_dir: Path | None, passphrase_file: Path | None, replace: bool) -> None:
    """Put a backup into the data directory of a server that does not run.

    All of it or nothing. Workloads that were in the mesh then come back by themselves; join tokens do not, for
    some were used since: make new ones for workloads that joined after the backup.
    """
    from tulle.store.backups.archive import unpack
    from tulle.store.backups.restoring import restore as put_back

    with _problems():
        data = _read(file)
        contents = unpack(data, _opening(data, passphrase_file))
        folder = data_dir or _default_data_dir()
        done = put_back(folder, contents, replace=replace)
    if done.moved_to:
        click.echo(f"what was there is in {done.moved_to}; delete it when you no longer need it")
    click.echo(f"restored to {folder}: start `tulle server` on it (revision {done.revision})")


@command.command("check")
@click.argument(
    "file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@passphrase_option
@data_dir_option
@output_option("text", "json", "yaml", default="text")
@server_option
def check(
    file: Path | None,
    passphrase_file: Path | None,
    data_dir: Path | None,
    output: str,
    client: Client,
) -> None:
    """Look whether store and keys are whole and fit each other; exit with 1 if they do not.

    That of a running server, of a --data-dir, or of a backup FILE. Nothing is changed.
    """
    if file and data_dir:
        raise click.UsageError("name a backup or a data directory, not both")
    with _problems():
        if file:
            results = _of_backup(_read(file), passphrase_file)
        elif data_dir:
            results = _of_folder(data_dir)
        else:
            results = client.get("/tulle/v1/store/check", Checks).checks
    print_results(results, output)


def _of_folder(data_dir: Path) -> tuple[CheckResult, ...]:
    from tulle.store.backups.taking import from_folder

    return _looked_over(from_folder(data_dir, with_keys=True))


def _of_backup(data: bytes, passphrase_file: Path | None) -> tuple[CheckResult, ...]:
    from tulle.store.backups.archive import read_head, unpack

    head = read_head(data)
    first = CheckResult(name="backup", status="ok", message=_told(data))
    if head.lock and not passphrase_file and not sys.stdin.isatty():
        hint = "--passphrase-file FILE opens it"
        sealed = CheckResult(
            name="seal", status="warn", message="closed: not looked inside", hint=hint
        )
        return first, sealed
    return first, *_looked_over(unpack(data, _opening(data, passphrase_file)))


def _looked_over(contents: "Contents") -> tuple[CheckResult, ...]:
    from tulle.store.backups.inspection import inspect

    return tuple(
        CheckResult(name=f.name, status=f.status, message=f.message, hint=f.hint)
        for f in inspect(contents, datetime.now(UTC).timestamp())
    )


def _seal(passphrase_file: Path | None, *, needed: bool) -> "Seal | None":
    from tulle.store.backups.archive import Lock
    from tulle.store.backups.taking import Seal

    if not needed and passphrase_file is None:
        return None
    return Seal.of(new_passphrase(passphrase_file), Lock.new())


def _opening(data: bytes, passphrase_file: Path | None) -> str | None:
    """The passphrase of a backup that has one."""
    from tulle.store.backups.archive import read_head

    return known_passphrase(passphrase_file) if read_head(data).lock else None


def _taken(seal: "Seal | None", data_dir: Path | None, client: Client, *, with_keys: bool) -> bytes:
    if data_dir is not None:
        return _taken_from(data_dir, seal, with_keys=with_keys)
    import msgspec

    sealed = {"key": seal.key, "lock": seal.lock} if seal else None
    body = msgspec.to_builtins({"withKeys": with_keys, "seal": sealed})
    return client.fetch("/tulle/v1/store/backup", body, BACKUP_WAIT_S)


def _taken_from(data_dir: Path, seal: "Seal | None", *, with_keys: bool) -> bytes:
    from tulle import __version__
    from tulle.store.backups.taking import from_folder, packed

    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return packed(from_folder(data_dir, with_keys=with_keys), __version__, when, seal)


def _told(data: bytes) -> str:
    """What a backup says of itself."""
    from tulle.store.backups.archive import read_head

    head = read_head(data)
    keys = f"with {len(head.keys)} keys" if head.keys else "without keys"
    sealed = "sealed" if head.lock else "not sealed: keep it as you keep your secrets"
    of = f" of {head.trust_domain}" if head.trust_domain else ""
    size = f"{len(data) / 1024:.0f} KB"
    return f"revision {head.revision}{of}, {head.created_at}, {size}, {keys}, {sealed}"


@contextmanager
def _new_file(file: Path) -> Iterator[int]:
    """Where a backup is written to; a file is there when it is whole, and not before."""
    if str(file) == "-":
        yield sys.stdout.fileno()
        return
    if file.exists():
        raise CliError(f"{file}: is there already", "name a new file", "file-exists")
    fresh = file.with_name(f".{file.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(fresh, file)  # unlike renaming, it overwrites nothing
    except FileExistsError as exc:
        raise CliError(f"{file}: is there already", "name a new file", "file-exists") from exc
    except OSError as exc:
        hint = "name a new file in a folder you may write, on a disk with room"
        raise CliError(f"{file}: {exc.strerror}", hint, "file-unwritable") from exc
    finally:
        fresh.unlink(missing_ok=True)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        hint = "name a backup you may read"
        raise CliError(f"{file}: {exc.strerror}", hint, "file-unreadable") from exc


def _name(file: Path) -> str:
    return "backup" if str(file) == "-" else str(file)


def _default_data_dir() -> Path:
    from tulle.settings import state_home

    named = os.environ.get("TULLE_DATA_DIR")
    return Path(named) if named else state_home(os.environ)


@contextmanager
def _problems() -> Iterator[None]:
    """What the store says, as people hear it."""
    from tulle.store.errors import StoreError

    try:
        yield
    except StoreError as error:
        raise error_of(error.problem) from error
