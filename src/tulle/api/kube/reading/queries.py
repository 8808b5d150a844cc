"""What the query of a list or watch asks for, read into values by Kubernetes' rules. Pure.

What contradicts itself is refused with a reason, and so is what we do not know: nothing is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from tulle.api.errors import ApiError
from tulle.api.kube.reading.forms import Include
from tulle.codec.selectors import Requirement, Selector, parse_fields, parse_labels
from tulle.model.problems import Problem

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
EVERYTHING = Selector()
ANY = 0
"""The revision that stands for whatever is at hand."""

MAX_TIMEOUT_S = 7 * 86400.0
_MOST = 2**63 - 1

_KNOWN = frozenset(
    [
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "includeObject",
        "labelSelector",
        "limit",
        "pretty",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeout",
        "timeoutSeconds",
        "watch",
    ]
)
_KNOWN_OF_ONE = frozenset(["includeObject", "pretty", "resourceVersion", "timeout"])


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list. `revision` is None for the newest; `exact` wants just that one, else one as new or newer."""

    selector: Selector = EVERYTHING
    limit: int = 0
    token: str = ""
    revision: int | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """A watch. `after` is None for the newest; `initial` tells first what there is, `marked` says when that ends."""

    selector: Selector = EVERYTHING
    after: int | None = None
    initial: bool = False
    marked: bool = False
    bookmarks: bool = False
    timeout_s: float | None = None


def is_watch(query: Mapping[str, str]) -> bool:
    """Whether it is one, rather than a list."""
    return _flag(query, "watch")


def list_query(query: Mapping[str, str]) -> ListQuery:
    """A list's query; raises ApiError."""
    _check_known(query, _KNOWN)
    revision, match = revision_of(query), _match(query)
    token, limit = query.get("continue", ""), _whole(query, "limit")
    if "sendInitialEvents" in query:
        raise _refused("sendInitialEvents", "is for watches only")
    if token and (revision is not None or match):
        raise _refused("resourceVersion", "cannot be chosen where continue goes on with a list")
    if match and revision is None:
        raise _refused("resourceVersionMatch", "needs a resourceVersion to compare with")
    if match == EXACT and revision == ANY:
        raise _refused("resourceVersionMatch", "Exact needs a resourceVersion other than 0")
    # A page that names a revision means just that one: so it was before there was a match to say so.
    exact = match == EXACT or bool(not match and revision and limit)
    return ListQuery(_selector(query), limit, token, revision, exact)


def watch_query(query: Mapping[str, str]) -> WatchQuery:
    """A watch's query; raises ApiError."""
    _check_known(query, _KNOWN)
    after, match = revision_of(query), _match(query)
    marked = _flag(query, "sendInitialEvents")
    if query.get("continue"):
        raise _refused("continue", "is for lists only")
    if match and "sendInitialEvents" not in query:
        raise _refused("resourceVersionMatch", "is for lists, or goes with sendInitialEvents")
    if "sendInitialEvents" in query and match != NOT_OLDER:
        raise _refused("resourceVersionMatch", f"must be {NOT_OLDER} with sendInitialEvents")
    bookmarks = _flag(query, "allowWatchBookmarks")
    if marked and not bookmarks:
        raise _refused("allowWatchBookmarks", "must be true with sendInitialEvents")
    told_first = marked or ("sendInitialEvents" not in query and not after)
    return WatchQuery(_selector(query), after, told_first, marked, bookmarks, _timeout(query))


def revision_of(query: Mapping[str, str]) -> int | None:
    """The resourceVersion asked for, None where there is none."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or int(text) > _MOST:
        raise _refused("resourceVersion", f"{text[:60]!r} is none: it is a number this API gave")
    return int(text)


def check_one(query: Mapping[str, str]) -> None:
    """Refuse what means nothing where one resource is asked for by name."""
    _check_known(query, _KNOWN_OF_ONE)


def include_of(query: Mapping[str, str]) -> Include:
    """What rows of a table shall carry."""
    text = query.get("includeObject", "") or "Metadata"
    if text not in get_args(Include):
        raise _refused("includeObject", f"is one of {', '.join(get_args(Include))}")
    return cast(Include, text)


def _selector(query: Mapping[str, str]) -> Selector:
    return Selector(
        _parsed(parse_labels(query.get("labelSelector", ""))),
        _parsed(parse_fields(query.get("fieldSelector", ""))),
    )


def _parsed(found: tuple[Requirement, ...] | Problem) -> tuple[Requirement, ...]:
    if isinstance(found, Problem):
        raise ApiError(400, found.code, found.message, found.hint)
    return found


def _match(query: Mapping[str, str]) -> str:
    text = query.get("resourceVersionMatch", "")
    if text not in {"", EXACT, NOT_OLDER}:
        raise _refused("resourceVersionMatch", f"is {EXACT} or {NOT_OLDER}")
    return text


def _timeout(query: Mapping[str, str]) -> float | None:
    seconds = _whole(query, "timeoutSeconds")
    return min(float(seconds), MAX_TIMEOUT_S) or None


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "") or "0"
    if not text.isascii() or not text.isdecimal() or int(text) > _MOST:
        raise _refused(name, f"must be a whole number from 0, not {text[:60]!r}")
    return int(text)


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "")
    if text.lower() in {"", "0", "false", "f"}:
        return False
    if text.lower() in {"1", "true", "t"}:
        return True
    raise _refused(name, f"must be true or false, not {text[:60]!r}")


def _check_known(query: Mapping[str, str], known: frozenset[str]) -> None:
    for name in query:
        if name not in known:
            message = f"{name[:60]} means nothing here"
            hint = f"known: {', '.join(sorted(known))}"
            raise ApiError(400, "query-not-supported", message, hint)


def _refused(name: str, why: str) -> ApiError:
    return ApiError(400, "query-malformed", f"{name}: {why}")
