"""What a command says when it cannot do what was asked: one screen, on stderr.

`CliError` (exit code 1) is one sentence and the way out; `ProblemsFound` (1) lists what is wrong with
manifests or flags. Mistakes on the command line itself are click's `UsageError` (2). What nobody foresaw is
our mistake: `show_bug` says so.
"""

import os
import shutil
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tulle.model.problems import Problem

DEBUG = "TULLE_DEBUG"
"""The variable that asks for tracebacks."""

MOST_SAID = 500
"""Characters of a message we did not write."""


class CliError(click.ClickException):
    """Something failed: what, and what to do about it."""

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code

    def show(self, file: IO[str] | None = None) -> None:
        """Print it."""
        code = f" [{self.code}]" if self.code else ""
        # A program's words may follow ours: the code stays with ours.
        first, *rest = self.message.split("\n")
        click.echo("\n".join([f"{label('Error')}: {first}{code}", *rest]), err=True)
        if self.hint:
            click.echo(f"  {self.hint}", err=True)


def error_of(problem: "Problem") -> CliError:
    """A problem that ends a command by itself, with what it is about."""
    about = _about(problem)
    return CliError(f"{about}{problem.message}", problem.hint, problem.code)


def _about(problem: "Problem") -> str:
    what = " ".join(part for part in (str(problem.resource or ""), problem.path) if part)
    return f"{what}: " if what else ""


class ProblemsFound(click.ClickException):
    """Everything wrong with what was given: as much as fits on a screen, how much it is, and the consequence.

    `consequence` is what did not happen, as `nothing was changed`; commands that only read have none.
    """

    def __init__(self, problems: "Sequence[Problem]", consequence: str = "") -> None:
        errors = sum(problem.severity.value == "error" for problem in problems)
        parts = [counted(errors, "error"), *([consequence] if consequence else [])]
        super().__init__("; ".join(parts))
        self.problems = problems
        self.consequence = consequence

    def show(self, file: IO[str] | None = None) -> None:
        """Print them, worst first."""
        show_problems(self.problems)
        if self.consequence or len(self.problems) > 1:
            click.echo(f"{label('Error')}: {self.message}", err=True)


def show_bug(error: BaseException) -> None:
    """Print what nobody foresaw: what it was, whose fault, and how to see where."""
    from traceback import format_exception

    from tulle.ops import logs

    if os.environ.get(DEBUG):
        click.echo(logs.redact("".join(format_exception(error))), err=True)
    first = _first(error)
    what = logs.one_line(logs.redact(f"{type(first).__name__}: {first}"))[:MOST_SAID]
    CliError(
        f"nobody foresaw this, which is a mistake in tulle: {what}",
        f"please report it; {DEBUG}=1 in the environment shows where it happened",
        "internal-error",
    ).show()


def _first(error: BaseException) -> BaseException:
    """What happened first inside the groups tasks wrap around it."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def show_problems(problems: "Sequence[Problem]") -> None:
    """Print problems on stderr, errors before warnings, cut to a screen."""
    ordered = sorted(problems, key=lambda p: p.severity.value)
    room = max(5, (shutil.get_terminal_size((80, 24)).lines - 4) // 2)
    for problem in ordered[:room]:
        where = f"{problem.place}: " if problem.place else ""
        severity = label(problem.severity.value)
        click.echo(
            f"{where}{severity}: {_about(problem)}{problem.message} [{problem.code}]", err=True
        )
        if problem.hint:
            click.echo(f"  {problem.hint}", err=True)
    if len(ordered) > room:
        click.echo(f"... and {len(ordered) - room} more", err=True)


def label(severity: str) -> str:
    """`error` or `warning` in its colour; click takes colours away where they do not belong."""
    return click.style(severity, fg="red" if severity.lower() == "error" else "yellow", bold=True)


def counted(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
