"""Lists in pages: where one ends and how the next is asked for. Pure.

A token names the revision its list was read at and the last resource told: every page is cut from the world
of that revision, so the pages together are one consistent list. The form is Kubernetes' own.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tulle.api.errors import ApiError
from tulle.api.kube.reading.forms import ListMeta
from tulle.model.resources import Resource

LATEST = -1
"""The revision of a token that goes on with whatever there is now."""


class Cursor(msgspec.Struct, frozen=True, rename={"version": "v", "revision": "rv"}):
    """How a list goes on: after `start` (NAMESPACE/NAME), at a revision."""

    version: str
    revision: int
    start: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    items: Sequence[Resource]
    meta: ListMeta


def cursor_of(token: str) -> Cursor:
    """The token of an earlier page, read; raises ApiError (400) for what is none."""
    try:
        padded = token + "=" * (-len(token) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        found = msgspec.json.decode(data, type=Cursor)
    except ValueError:  # of base64 and of msgspec
        raise _no_token() from None
    if found.version != _VERSION or found.revision < LATEST:
        raise _no_token()
    return found


def token_of(revision: int, start: str) -> str:
    """A token that goes on after a resource."""
    data = msgspec.json.encode(Cursor(_VERSION, revision, start))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def page_of(
    items: Sequence[Resource], revision: int, limit: int, start: str, *, counts: bool
) -> Page:
    """The next `limit` (0: all) of the sorted items of a list, after `start` ("" from the first).

    `counts` says whether how many are left may be told: Kubernetes does not where a selector chose.
    """
    rest = [item for item in items if place_of(item) > _place(start)] if start else list(items)
    if not limit or len(rest) <= limit:
        return Page(rest, ListMeta(revision))
    page, left = rest[:limit], len(rest) - limit
    last = "/".join(place_of(page[-1]))
    return Page(page, ListMeta(revision, token_of(revision, last), left if counts else None))


def place_of(resource: Resource) -> tuple[str, str]:
    """Where a resource stands in a list: by namespace, then by name."""
    return resource.key.namespace, resource.key.name


def _place(start: str) -> tuple[str, str]:
    namespace, _, name = start.rpartition("/")
    return namespace, name


def _no_token() -> ApiError:
    hint = "send what an earlier page gave as metadata.continue, or leave it out to begin anew"
    return ApiError(400, "continue-malformed", "continue is no token of this API", hint)


_VERSION = "meta.k8s.io/v1"
