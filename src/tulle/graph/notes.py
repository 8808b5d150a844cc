"""How the compiler speaks about resources: conditions, warnings, origins and near misses, each made in one place.

Nearly all it finds are warnings: what is missing may arrive a moment later, so nothing is refused for it.
"""

import difflib
from collections.abc import Iterable

from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem, Severity
from tulle.model.resources import Condition, Resource
from tulle.model.statuses import ConditionType, Reason


def origin_of(resource: Resource, field: str = "") -> Origin:
    """The resource and field something comes from."""
    return Origin(resource.key, field, resource.metadata.generation)


def warning(
    about: Resource | ResourceKey, path: str, code: str, message: str, hint: str = ""
) -> Problem:
    """Something that deserves a look."""
    key = about.key if isinstance(about, Resource) else about
    return Problem(path, code, message, hint, key, severity=Severity.WARNING)


def accepted(about: Resource | Origin, message: str = "") -> Condition:
    """Accepted is True."""
    return condition(about, ConditionType.ACCEPTED, Reason.ACCEPTED, message, holds=True)


def refused(about: Resource | Origin, reason: Reason, message: str) -> Condition:
    """Accepted is False."""
    return condition(about, ConditionType.ACCEPTED, reason, message, holds=False)


def condition(
    about: Resource | Origin,
    type_: ConditionType,
    reason: Reason,
    message: str = "",
    *,
    holds: bool,
) -> Condition:
    """A condition about a resource as it is written now."""
    return Condition(
        type=type_,
        status="True" if holds else "False",
        reason=reason,
        message=message,
        observed_generation=about.generation
        if isinstance(about, Origin)
        else about.metadata.generation,
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'reviews'?`, or "" when nothing is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def listing(words: Iterable[object], most: int = 5) -> str:
    """The words in a row, the first few of many: `a, b and 7 more`."""
    texts = [str(word) for word in words]
    if len(texts) <= most:
        return ", ".join(texts)
    return f"{', '.join(texts[:most])} and {len(texts) - most} more"
