"""What requests a rule takes, and which rule is tried first: the precedence of Gateway API v1.6.

Exact paths before regular expressions before prefixes (where the API leaves expressions a choice, this is
ours: a catch-all prefix must not hide them), longer paths before shorter, then a method, then more headers,
then more query parameters; ties go to the oldest route, then by name, then by place in the route.
"""

from collections.abc import Iterable
from typing import Literal

from tulle.graph.mesh import HttpMatch, StringMatch
from tulle.model.kinds.http_route import HeaderMatch, HTTPRouteMatch, PathMatch, QueryParamMatch

PathType = Literal["exact", "prefix", "regex"]

Rank = tuple[int, int, bool, int, int]

_PATH_RANK = {"exact": 0, "regex": 1, "prefix": 2}


def rank_of(match: HttpMatch) -> Rank:
    """Sorts matches of one age: the most specific first."""
    return (
        _PATH_RANK[match.path_type],
        -len(match.path),
        not match.method,
        -len(match.headers),
        -len(match.query_params),
    )


def read_match(match: HTTPRouteMatch) -> HttpMatch:
    """A match in its plain form: header names in lower case, of doubles the first, prefixes without a slash."""
    kind, path = _path(match.path)
    return HttpMatch(
        path=path,
        path_type=kind,
        method=match.method or "",
        headers=_first_of_each((header.name.lower(), header) for header in match.headers),
        query_params=_first_of_each((param.name, param) for param in match.query_params),
    )


def _path(path: PathMatch) -> tuple[PathType, str]:
    match path.type:
        case "Exact":
            return "exact", path.value
        case "RegularExpression":
            return "regex", path.value
        case "PathPrefix":
            return "prefix", path.value.rstrip("/") or "/"


def _first_of_each(
    matches: Iterable[tuple[str, HeaderMatch | QueryParamMatch]],
) -> tuple[StringMatch, ...]:
    found: dict[str, StringMatch] = {}
    for name, match in matches:
        regex = match.type == "RegularExpression"
        found.setdefault(name, StringMatch(name, match.value, regex))
    return tuple(found.values())
