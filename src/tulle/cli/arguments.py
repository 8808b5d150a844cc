"""Parts of a command line several commands share: durations, labels, kinds, namespaces, files."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from tulle.cli.errors import CliError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tulle.model.resources import Resource

F = TypeVar("F", bound=Callable[..., object])


class Seconds(click.ParamType[float]):
    """A duration such as `20s` or `1m30s`, as seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or say how it is written."""
        from tulle.model.durations import PATTERN, seconds

        if isinstance(value, int | float):
            return float(value)
        if not re.match(PATTERN, str(value)):
            self.fail(f"{value!r} is no duration: write 20s, 1m30s or 500ms", param, ctx)
        return seconds(str(value))


class Label(click.ParamType[tuple[str, str]]):
    """`KEY=VALUE`."""

    name = "key=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is no label: write KEY=VALUE", param, ctx)
        return key, text


def files_option(*, required: bool) -> Callable[[F], F]:
    """Add `-f`, which may be given several times; the command gets `files`."""
    return click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        required=required,
        metavar="FILE|DIR|-",
        help="Manifests: a file, a folder of them, or - for standard input. May be repeated.",
    )


def namespace_option(function: F) -> F:
    """Add `-n`; the command gets `namespace`."""
    option = click.option(
        "-n", "--namespace", default="default", show_default=True, help="The namespace."
    )
    return option(function)


def kind_named(text: str) -> "type[Resource]":
    """The kind somebody means by `httproute`, `httproutes`, `HTTPRoute` or a short name."""
    from tulle.model.kinds import ALL, BY_NAME

    kind = BY_NAME.get(text.lower())
    if kind is None:
        names = ", ".join(sorted(known.PLURAL for known in ALL))
        raise CliError(f"there is no kind {text!r}", f"there are: {names}", "unknown-kind")
    return kind


def complete_kinds(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Kinds a shell may complete."""
    from click.shell_completion import CompletionItem

    from tulle.model.kinds import ALL

    return [CompletionItem(kind.PLURAL) for kind in ALL if kind.PLURAL.startswith(incomplete)]
