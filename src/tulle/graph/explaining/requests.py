"""A request as `explain` gets it, and whether a rule takes it: the same answer Envoy gives, with the reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tulle.graph.explaining.patterns import fits
from tulle.graph.mesh import HttpMatch, StringMatch


@dataclass(frozen=True, slots=True)
class Request:
    """What matching looks at. Header names are lower-case; of several with one name the values are joined."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]


def request_of(method: str, path: str, query: str, headers: Sequence[tuple[str, str]]) -> Request:
    """The request as a proxy sees it: the query undecoded, the first of equally named parameters."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    parameters: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        parameters.setdefault(name, value)
    return Request(
        method.upper(), path or "/", MappingProxyType(joined), MappingProxyType(parameters)
    )


def why_not(match: HttpMatch, request: Request) -> str:
    """Why the match does not take the request; "" if it does."""
    return next(_differences(match, request), "")


def _differences(match: HttpMatch, request: Request) -> Iterator[str]:
    if not _path_fits(match, request.path):
        yield f"path {request.path} {_PATH_WORDS[match.path_type]} {match.path}"
    if match.method and match.method != request.method:
        yield f"method is {request.method}, not {match.method}"
    for header in match.headers:
        yield from _difference("header", header, request.headers.get(header.name))
    for parameter in match.query_params:
        yield from _difference("query parameter", parameter, request.query.get(parameter.name))


_PATH_WORDS = {"exact": "is not", "prefix": "is not under", "regex": "does not fit"}


def _path_fits(match: HttpMatch, path: str) -> bool:
    """Prefixes are taken by whole elements: /v2 is no prefix of /v2example."""
    match match.path_type:
        case "exact":
            return path == match.path
        case "regex":
            return bool(fits(match.path, path))
        case "prefix":
            return match.path in {"/", path} or path.startswith(f"{match.path}/")


def _difference(what: str, wanted: StringMatch, value: str | None) -> Iterator[str]:
    if value is None:
        yield f"{what} {wanted.name} is absent"
    elif wanted.regex and not fits(wanted.value, value):
        yield f"{what} {wanted.name} is {value!r}, which does not fit {wanted.value}"
    elif not wanted.regex and value != wanted.value:
        yield f"{what} {wanted.name} is {value!r}, not {wanted.value!r}"
