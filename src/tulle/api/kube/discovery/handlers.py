"""Discovery and reviews over HTTP: `/api`, `/apis` and below, `/version`, and what `kubectl auth` asks."""

import hashlib
import platform
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec
from aiohttp import web

from tulle import __version__
from tulle.api.bodies import reply
from tulle.api.doors.guards import CALLER
from tulle.api.errors import ApiError
from tulle.api.kube.discovery import documents
from tulle.api.kube.discovery.documents import AGGREGATED, AGGREGATED_TYPE, Catalogue, catalogue_of
from tulle.api.kube.discovery.reviews import (
    REVIEWS,
    AccessSpec,
    RulesSpec,
    access,
    rules,
    whoami,
)
from tulle.api.kube.discovery.verbs import Route, verbs_of_all
from tulle.api.kube.paths import Handler
from tulle.api.kube.reading.forms import media_types
from tulle.api.kube.writing import bodies
from tulle.codec.groups import GroupVersion

KUBERNETES = "1.37"
"""The Kubernetes whose API this one follows: clients compare it with their own."""

T = TypeVar("T")
Object = dict[str, object]


class Discovery:
    """The handlers. `routes` are all that the API serves: what kinds can do is read off them."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._catalogue: Catalogue = catalogue_of(verbs_of_all(routes), REVIEWS)

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of discovery and of reviews."""
        for path, handler in self._documents().items():
            yield web.get(path, handler)
            yield web.get(f"{path}/", handler)  # so some clients spell it
        for review, answer in zip(REVIEWS, (self.access, self.rules, self.whoami), strict=True):
            yield web.post(f"/apis/{review.group}/{review.version}/{review.plural}", answer)

    def _documents(self) -> dict[str, Handler]:
        return {
            "/api": self.core,
            "/apis": self.groups,
            "/apis/{group}": self.group,
            "/api/{version}": self.resources,
            "/apis/{group}/{version}": self.resources,
            "/version": version,
        }

    async def core(self, request: web.Request) -> web.Response:
        """`/api`: Kubernetes' own kinds, or that there is one version of them."""
        return self._answer(request, documents.versions, core=True)

    async def groups(self, request: web.Request) -> web.Response:
        """`/apis`: all other groups, with or without what is in them."""
        return self._answer(request, lambda: documents.groups(self._catalogue), core=False)

    async def group(self, request: web.Request) -> web.Response:
        """`/apis/GROUP`."""
        found = documents.group(self._catalogue, request.match_info["group"])
        if found is None:
            raise _no_group(request)
        return reply(found)

    async def resources(self, request: web.Request) -> web.Response:
        """`/api/v1`, `/apis/GROUP/VERSION`."""
        names = request.match_info
        where = GroupVersion(names.get("group", ""), names["version"])
        if where not in self._catalogue:
            raise _no_group(request)
        return reply(documents.resources(where, self._catalogue[where]))

    async def access(self, request: web.Request) -> web.Response:
        """Whether something may be done."""
        body, spec = await _review(request, AccessSpec)
        return reply({**body, "status": access(spec, self._catalogue)}, 201)

    async def rules(self, request: web.Request) -> web.Response:
        """Everything that may be done."""
        body, _ = await _review(request, RulesSpec)
        return reply({**body, "status": rules(self._catalogue)}, 201)

    async def whoami(self, request: web.Request) -> web.Response:
        """Who asks."""
        body, _ = await _review(request, Object)
        caller = request[CALLER]
        return reply({**body, "status": whoami(caller.name, caller.groups)}, 201)

    def _answer(
        self, request: web.Request, piecemeal: Callable[[], Object], *, core: bool
    ) -> web.Response:
        if not _wants_aggregated(request):
            return reply(piecemeal())
        body = msgspec.json.encode(documents.aggregated(self._catalogue, core=core))
        return tagged(request, body, {"Content-Type": AGGREGATED_TYPE})


def tagged(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    """A body that seldom changes: who has it already (If-None-Match) is not sent it again."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32].upper()}"'
    headers = {"ETag": tag, "Vary": "Accept", **headers}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


async def version(request: web.Request) -> web.Response:
    """`/version`: the Kubernetes this API follows, and the Tulle that does."""
    major, _, minor = KUBERNETES.partition(".")
    return reply(
        {
            "major": major,
            "minor": minor,
            "gitVersion": f"v{KUBERNETES}.0+tulle-{__version__}",
            "gitCommit": "",
            "gitTreeState": "",
            "buildDate": "",
            "goVersion": "",
            "compiler": platform.python_implementation(),
            "platform": f"{platform.system().lower()}/{platform.machine()}",
        }
    )


def _wants_aggregated(request: web.Request) -> bool:
    """Whether everything at once is what the client names first."""
    for media in media_types(",".join(request.headers.getall("Accept", []))):
        asked = media.parameters
        if asked.get("as") == "APIGroupDiscoveryList":
            if (asked.get("g"), asked.get("v")) == (AGGREGATED, "v2"):
                return True
        elif media.name in {"application/json", "*/*"}:
            return False
    return False


async def _review(request: web.Request, spec: type[T]) -> tuple[Object, T]:
    """A review as it came, and what it asks."""
    body = bodies.read_object(await request.read(), request.content_type).value
    if not isinstance(body, dict):
        raise ApiError(400, "request-malformed", "the body must be a mapping: one review")
    try:
        return body, msgspec.convert(body.get("spec") or {}, spec)
    except msgspec.ValidationError as error:
        raise ApiError(400, "request-malformed", f"spec: {error}") from None


def _no_group(request: web.Request) -> ApiError:
    hint = "`kubectl api-versions` lists those there are"
    return ApiError(404, "path-unknown", f"nothing is served at {request.path[:200]}", hint)
