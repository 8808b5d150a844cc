"""What a person sees of a run: sentences as they happen, prefixed output of programs, a table of edges.

On a terminal the table stands below and changes in place; elsewhere it is printed now and then. With
`-o json` sentences go to stderr, so that stdout holds the JSON alone. A terminal that was closed, or a pipe
nobody reads, costs the words and nothing else: the mesh runs on, and drains when it is asked to.
"""

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import click

from tulle.cli.answers import Edge
from tulle.cli.inspection.stat import HEADERS, edge_row
from tulle.cli.output import aligned

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

TABLE_EVERY_S = 10.0
COLORS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")


class Screen(Protocol):
    """Where a run shows itself."""

    def say(self, text: str) -> None:
        """A sentence."""

    def output(self, name: str, text: str) -> None:
        """A line some program wrote."""

    def edges(self, edges: Sequence[Edge]) -> None:
        """The edges as they are now."""


class PlainScreen:
    """Lines only. `quiet` leaves the table away; `err` writes to stderr."""

    def __init__(self, *, err: bool, quiet: bool) -> None:
        self._err = err
        self._quiet = quiet
        self._shown_at = time.monotonic()

    def say(self, text: str) -> None:
        """A line."""
        with suppress(OSError):
            click.echo(text, err=self._err)

    def output(self, name: str, text: str) -> None:
        """A line behind its program's name."""
        self.say(prefixed(name, text))

    def edges(self, edges: Sequence[Edge]) -> None:
        """The table, every ten seconds."""
        now = time.monotonic()
        if self._quiet or not edges or now - self._shown_at < TABLE_EVERY_S:
            return
        self._shown_at = now
        for line in table_lines(edges):
            self.say(line)


class LiveScreen:
    """A terminal."""

    def __init__(self, live: "Live") -> None:
        self._live = live
        self._colors: dict[str, str] = {}

    def say(self, text: str) -> None:
        """A line above the table."""
        with suppress(OSError):
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def output(self, name: str, text: str) -> None:
        """A line above the table; every program has its colour."""
        from rich.text import Text

        color = self._colors.setdefault(name, COLORS[len(self._colors) % len(COLORS)])
        line = Text.assemble((f"{name} | ", color), text)
        with suppress(OSError):
            self._live.console.print(line, highlight=False, soft_wrap=True)

    def edges(self, edges: Sequence[Edge]) -> None:
        """The table, anew."""
        with suppress(OSError):
            self._live.update(_rich_table(edges), refresh=True)


@contextmanager
def screen(output: str) -> Iterator[Screen]:
    """The screen that fits: live on a terminal, plain elsewhere."""
    if output != "table" or not sys.stdout.isatty():
        yield PlainScreen(err=output != "table", quiet=output != "table")
        return
    from rich.live import Live

    with Live(auto_refresh=False, transient=False) as live:
        yield LiveScreen(live)


class LogStream(io.StringIO):
    """Where log lines of the control plane go: to the screen, above its table."""

    def __init__(self, shown: Screen) -> None:
        super().__init__()
        self._shown = shown

    def write(self, text: str) -> int:
        """Lines as they come; handlers write each whole."""
        for line in text.splitlines():
            self._shown.say(line)
        return len(text)


def prefixed(name: str, text: str) -> str:
    """A program's line behind its name."""
    return f"{name} | {text}"


def table_lines(edges: Sequence[Edge]) -> list[str]:
    """The table as plain lines."""
    return aligned([HEADERS, *map(edge_row, edges)])


def _rich_table(edges: Sequence[Edge]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, header in enumerate(HEADERS):
        table.add_column(header, justify="left" if index < 3 else "right")
    for edge in edges:
        *cells, mtls = edge_row(edge)
        style = "bold red" if edge.mtls is False else "green"
        table.add_row(*map(Text, cells), Text(mtls, style=style))
    return table
