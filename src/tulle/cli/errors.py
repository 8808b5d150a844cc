"""What a command says when it cannot do what was asked: one screen, on stderr.

`CliError` (exit code 1) is one sentence and the way out; `ProblemsFound` (1) lists what is wrong with
manifests. Mistakes on the command line itself are click's `UsageError` (2).
"""

import shutil
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tulle.model.problems import Problem


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


class ProblemsFound(click.ClickException):
    """Manifests with problems: as many as fit on a screen, and how many there are."""

    def __init__(self, problems: "Sequence[Problem]", summary: str = "") -> None:
        super().__init__(summary or f"{counted(len(problems), 'problem')}; nothing was changed")
        self.problems = problems

    def show(self, file: IO[str] | None = None) -> None:
        """Print them, worst first."""
        show_problems(self.problems)
        click.echo(f"{label('Error')}: {self.message}", err=True)


def show_problems(problems: "Sequence[Problem]") -> None:
    """Print problems on stderr, errors before warnings, cut to a screen."""
    ordered = sorted(problems, key=lambda p: p.severity.value)
    room = max(5, (shutil.get_terminal_size((80, 24)).lines - 4) // 2)
    for problem in ordered[:room]:
        where = f"{problem.place}: " if problem.place else ""
        what = " ".join(part for part in (str(problem.resource or ""), problem.path) if part)
        subject = f"{what}: " if what else ""
        severity = label(problem.severity.value)
        click.echo(f"{where}{severity}: {subject}{problem.message} [{problem.code}]", err=True)
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
