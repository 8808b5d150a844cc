"""Passphrases: from a file of one's own or a terminal, never from the command line or the environment."""

import os
import stat
import sys
from pathlib import Path

import click

from tulle.cli.errors import CliError

FEWEST_CHARACTERS = 12
MOST_BYTES = 4096

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the passphrase is, 0600. Without it, it is asked for.",
)


def new_passphrase(file: Path | None) -> str:
    """One to seal with: asked for twice, and not too short."""
    found = _read(file) if file else _ask("Passphrase for the keys in the backup", confirm=True)
    if len(found) < FEWEST_CHARACTERS:
        raise CliError(
            f"the passphrase is shorter than {FEWEST_CHARACTERS} characters",
            "it protects the key of the whole mesh: `openssl rand -base64 24` makes a good one",
            "passphrase-short",
        )
    return found


def known_passphrase(file: Path | None) -> str:
    """One to open with."""
    return _read(file) if file else _ask("Passphrase of the backup", confirm=False)


def _ask(prompt: str, *, confirm: bool) -> str:
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for the passphrase",
            "give it in a file of yours alone: --passphrase-file FILE",
            "passphrase-needed",
        )
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o077:
                raise CliError(
                    f"other users may read {file}, which holds a passphrase",
                    f"chmod 600 {file}",
                    "passphrase-exposed",
                )
            data = stream.read(MOST_BYTES)
        return data.decode().rstrip("\r\n")
    except OSError as exc:
        hint = "name a file you may read"
        raise CliError(f"{file}: {exc.strerror}", hint, "file-unreadable") from exc
    except UnicodeDecodeError as exc:
        hint = "a passphrase is a line of text"
        raise CliError(f"{file}: is no text", hint, "file-unreadable") from exc
