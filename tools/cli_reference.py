"""Writes docs/reference/cli.md: every command and option, from the commands that define them.

    python tools/cli_reference.py

A golden test holds the page to the commands; `make golden` writes it anew.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tulle.cli.main import COMMANDS, cli

PAGE = Path("docs/reference/cli.md")

INTRODUCTION = """\
# Command line

<!-- Made by tools/cli_reference.py from src/tulle/cli. Change that, then run `make golden`. -->

`tulle COMMAND --help` prints what stands here. Exit codes: 0, done as asked; 1, it failed, and stderr says why
and what to do; 2, the command line itself makes no sense. (`tulle run` returns its program's.) Commands that
talk to a server find it by `--server`, else `$TULLE_SERVER`, else at `$XDG_RUNTIME_DIR/tulle/api.sock`, else at
`~/.local/state/tulle/api.sock`. `$NO_COLOR` switches colours off. Where a proxy is named, NAME will do while it
is unique; otherwise it is NAMESPACE/NAME.
"""


def page() -> str:
    """The whole page."""
    context = click.Context(cli, info_name="tulle")
    parts = [INTRODUCTION, *_contents()]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += _command(command, f"tulle {name}")
    return "\n".join(parts)


def _contents() -> Iterator[str]:
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        yield f"**{section}**\n"
        for name, entry in COMMANDS.items():
            if entry.section == section:
                yield f"- [`tulle {name}`](#tulle-{name}): {entry.summary}"
        yield ""


def _command(command: click.Command, path: str) -> Iterator[str]:
    """A command, or a group's commands one by one."""
    if isinstance(command, click.Group):
        yield f"## {path}\n"
        yield f"{inspect.cleandoc(command.help or '')}\n"
        for name, part in command.commands.items():
            yield from _command(part, f"{path} {name}")
        return
    yield f"{'##' if path.count(' ') == 1 else '###'} {path}\n"
    context = click.Context(command, info_name=path)
    yield f"    {' '.join([path, *command.collect_usage_pieces(context)])}\n"
    # click marks paragraphs it must not wrap with a backspace.
    yield f"{inspect.cleandoc(command.help or '').replace(chr(8), '')}\n"
    yield from _options(command, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    found = [option for option in command.params if isinstance(option, click.Option)]
    records = [option.get_help_record(context) for option in found if not option.hidden]
    rows = [record for record in records if record is not None]
    if rows:
        yield "| option | meaning |"
        yield "| --- | --- |"
        yield from (f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows)
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    (Path(__file__).parent.parent / PAGE).write_text(page())
    sys.stdout.write(f"wrote {PAGE}\n")
