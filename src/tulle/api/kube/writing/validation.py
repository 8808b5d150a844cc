"""`fieldValidation`: what becomes of fields nobody knows, and of fields that were written twice. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tulle.api.errors import ApiError
from tulle.api.kube import words
from tulle.api.kube.writing.refusals import InvalidRefused, StrictRefused
from tulle.api.kube.writing.requests import Validation
from tulle.codec.patches.errors import NotAResource
from tulle.codec.patches.settling import Settled, settle
from tulle.codec.paths import join
from tulle.codec.sentences import problems_of
from tulle.codec.tolerances import clean
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem, Severity
from tulle.model.resources import Resource

_UNKNOWN = "unknown-field"
_LOOSE = frozenset({_UNKNOWN, "duplicate-key"})

Object = Mapping[str, Any]
Told = tuple[str, ...]


def settled_as(
    kind: type[Resource],
    key: ResourceKey,
    value: Object,
    validation: Validation,
    twice: Sequence[Problem],
) -> tuple[Settled, Told]:
    """The resource an object is, and what to tell of it; raises ApiError with all that is wrong."""
    known_value, unknown = known(kind, value, validation)
    try:
        found = settle(known_value)
    except NotAResource as error:
        strict = twice if validation is Validation.STRICT else ()
        raise refusal(kind, key, error.problems, strict) from error
    if twice and validation is Validation.STRICT:
        raise StrictRefused(kind, twice)
    told = map(words.strictly, twice) if validation is Validation.WARN else ()
    return found, (*unknown, *told, *map(str, found.warnings))


def known(kind: type[Resource], value: Object, validation: Validation) -> tuple[Object, Told]:
    """The object without fields nobody knows, where they may be there; and what to tell of those."""
    if validation is Validation.STRICT:
        return value, ()
    cleaned = clean(kind, value).value
    unknown = [one for one in problems_of(kind, cleaned) if one.code == _UNKNOWN]
    paths = {one.path for one in unknown}
    kept = _dropped(value, paths, "") if paths else value
    told = map(words.strictly, unknown) if validation is Validation.WARN else ()
    return kept, tuple(told)


def refusal(
    kind: type[Resource],
    key: ResourceKey,
    problems: Iterable[Problem],
    twice: Sequence[Problem],
) -> ApiError:
    """400 where only strictness refuses, 422 where something is wrong with a field."""
    errors = [one for one in problems if one.severity is Severity.ERROR]
    if all(one.code in _LOOSE for one in errors):
        return StrictRefused(kind, [*errors, *twice])
    return InvalidRefused(key, [*errors, *twice])


def _dropped(value: Any, paths: set[str], at: str) -> Any:
    match value:
        case dict():
            return {
                key: _dropped(item, paths, join(at, str(key)))
                for key, item in value.items()
                if join(at, str(key)) not in paths
            }
        case list():
            return [_dropped(item, paths, join(at, index)) for index, item in enumerate(value)]
        case _:
            return value
