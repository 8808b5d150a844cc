"""What is wrong with something a user wrote, as a value: where, a stable code, a sentence, the way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tulle.model.names import ResourceKey


class Severity(StrEnum):
    """Whether a problem refuses the resource or only deserves a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. Codes are stable kebab-case words: users search for them, tests name them.

    `path` is the field from the resource's top, as `spec.rules[0].backendRefs[1].weight`; "" is all of it.
    `hint` is the way out, when there is one to name.
    """

    path: str
    code: str
    message: str
    hint: str = ""
    resource: ResourceKey | None = None
    place: Place | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what = f"{self.resource}: " if self.resource else ""
        field = f"{self.path}: " if self.path else ""
        way_out = f"; {self.hint}" if self.hint else ""
        return f"{where}{what}{field}{self.message} [{self.code}]{way_out}"


def system_words(error: OSError) -> str:
    """What the system has against a path, beginning with the path, where its own words mislead."""
    at = f"{error.filename}: " if error.filename else ""
    match error:
        case FileExistsError():
            return f"{at}is a file, and has to be a folder"
        case NotADirectoryError():
            return f"{at}lies below a file, as if that were a folder"
        case IsADirectoryError():
            return f"{at}is a folder, and has to be a file"
        case _:
            return f"{at}{error.strerror or error}"


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them refuses what was asked."""
    return any(problem.severity is Severity.ERROR for problem in problems)
