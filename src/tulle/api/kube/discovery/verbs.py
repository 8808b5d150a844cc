"""Which verbs a kind has: read off the routes the API serves, so that none is promised that is not there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tulle.api.kube.paths import path_of, path_of_one
from tulle.model.kinds import ALL
from tulle.model.resources import Resource

Route = tuple[str, str]
"""Method and path of a route."""

_OF_ALL = {"GET": ("list", "watch"), "POST": ("create",), "DELETE": ("deletecollection",)}
_OF_ONE = {"GET": ("get",), "PUT": ("update",), "PATCH": ("patch",), "DELETE": ("delete",)}


@dataclass(frozen=True, slots=True)
class Verbs:
    """What can be done with resources of a kind, and with their subresources by name; both in order."""

    own: tuple[str, ...]
    subresources: Mapping[str, tuple[str, ...]]


def verbs_of_all(routes: Iterable[Route]) -> dict[type[Resource], Verbs]:
    """The verbs of every kind, by the routes there are."""
    found = frozenset(routes)
    return {kind: _verbs(kind, found) for kind in ALL}


def _verbs(kind: type[Resource], routes: frozenset[Route]) -> Verbs:
    one, everywhere = path_of_one(kind), path_of(kind, "{namespace}")
    own = [
        *(
            verb
            for method, verbs in _OF_ALL.items()
            for verb in verbs
            if (method, everywhere) in routes
        ),
        *(verb for method, verbs in _OF_ONE.items() for verb in verbs if (method, one) in routes),
    ]
    below = {path.removeprefix(f"{one}/") for _, path in routes if path.startswith(f"{one}/")}
    return Verbs(
        tuple(sorted(own)),
        {
            name: tuple(
                sorted(
                    verb
                    for method, verbs in _OF_ONE.items()
                    for verb in verbs
                    if (method, f"{one}/{name}") in routes
                )
            )
            for name in sorted(below)
        },
    )
