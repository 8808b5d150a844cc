"""How answers look: aligned columns for people, JSON and YAML for programs. Everything goes to stdout."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])

GAP = "   "


def output_option(*formats: str, default: str = "table") -> Callable[[F], F]:
    """Add `-o` with the given formats; the command gets it as `output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice((default, *(f for f in formats if f != default))),
        default=default,
        show_default=True,
        help="How to print it.",
    )


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headers. On a terminal headers stand out; elsewhere it is plain text, easy to cut."""
    if sys.stdout.isatty():
        _print_rich(headers, list(rows))
    else:
        for line in aligned([headers, *rows]):
            click.echo(line)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row as a line; columns begin at the same place, lines have no trailing blanks."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _print_rich(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_json(value: object) -> None:
    """One JSON document, indented."""
    click.echo(json.dumps(value, indent=2))


def print_yaml(value: object) -> None:
    """One YAML document, in the order given."""
    click.echo(yaml_text(value), nl=False)


def yaml_text(value: object) -> str:
    """YAML of plain values, in the order given."""
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def print_as(output: str, value: object) -> None:
    """As JSON or YAML."""
    if output == "json":
        print_json(value)
    else:
        print_yaml(value)


def mapping_text(mapping: "Iterable[tuple[str, str]]") -> str:
    """`a=b,c=d`, the way selectors and labels are written; `-` for none."""
    return ",".join(f"{key}={value}" for key, value in mapping) or "-"


def age_text(seconds: float) -> str:
    """How long ago, in the largest unit that says something: `12s`, `5m`, `3h`, `2d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def number_text(value: float | None) -> str:
    """A number of milliseconds for people: three digits that mean something, `-` for none."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
