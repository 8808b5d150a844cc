"""The table of routes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from tulle import __version__
from tulle.api.apply import Changes
from tulle.api.bodies import MAX_BODY_BYTES, Message, reply
from tulle.api.changes import Gate
from tulle.api.checks import Checks
from tulle.api.custody import Custody
from tulle.api.doors.access import Access
from tulle.api.doors.guards import Guard
from tulle.api.edges import Edges, Fleet
from tulle.api.errors import translate_errors
from tulle.api.explain import Explain
from tulle.api.kube.discovery import no_events, openapi_v2
from tulle.api.kube.discovery.handlers import Discovery
from tulle.api.kube.discovery.openapi import OpenApi
from tulle.api.kube.reading.handlers import Reading
from tulle.api.kube.reading.history import History
from tulle.api.kube.writing.handlers import Writing
from tulle.api.levels import LogLevels
from tulle.api.names import Names
from tulle.api.proxies import Proxies
from tulle.api.tokens import Mint
from tulle.reconcile.authority import MeshAuthority
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.store.contract import Store

_PROXY_LEVELS = "/tulle/v1/proxies/{namespace}/{name}/log-levels"


class Version(Message, frozen=True, kw_only=True):
    """Which version answers."""

    version: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the API asks. `clock` gives Unix seconds."""

    store: Store
    history: History
    reconciler: Reconciler
    publisher: Publisher
    authority: MeshAuthority
    fleet: Fleet
    mint: Mint
    access: Access
    custody: Custody
    clock: Callable[[], float]


def make_routes(sources: Sources) -> list[web.RouteDef]:
    """Every route with its handler: made once, for all doors lead to the same."""
    gate = Gate(sources.store, lambda: sources.authority.trust_domain)
    changes = Changes(gate, sources.clock)
    levels = LogLevels(sources.fleet)
    edges = Edges(sources.fleet, lambda: sources.reconciler.compiled.graph)
    proxies = Proxies(sources.reconciler, sources.publisher, sources.fleet)
    checks = Checks(
        sources.store,
        sources.reconciler,
        sources.publisher,
        sources.authority,
        sources.fleet,
        sources.clock,
    )
    resources = [
        *Reading(sources.store, sources.history, sources.clock).routes(),
        *Writing(sources.store, gate, sources.clock).routes(),
    ]
    served = [(route.method, route.path) for route in resources]
    return [
        *resources,
        *Discovery(served).routes(),
        *OpenApi(served).routes(),
        web.get("/openapi/v2", openapi_v2.handle),
        *no_events.routes(),
        web.post("/tulle/v1/apply", changes.apply),
        web.post("/tulle/v1/delete", changes.delete),
        web.get("/tulle/v1/settled", proxies.settled),
        web.get("/tulle/v1/proxies", proxies.list),
        web.get("/tulle/v1/proxies/{namespace}/{name}/config", proxies.config),
        web.post("/tulle/v1/proxies/{namespace}/{name}/replace", proxies.replace),
        web.get("/tulle/v1/edges", edges.handle),
        web.post("/tulle/v1/explain", Explain(sources.reconciler).handle),
        web.get("/tulle/v1/names", Names(sources.reconciler).handle),
        web.post("/tulle/v1/tokens", sources.mint.handle),
        web.get("/tulle/v1/check", checks.handle),
        web.post("/tulle/v1/store/backup", sources.custody.backup),
        web.get("/tulle/v1/store/check", sources.custody.check),
        web.get("/tulle/v1/log-levels", levels.server),
        web.post("/tulle/v1/log-levels", levels.server),
        web.get(_PROXY_LEVELS, levels.proxy),
        web.post(_PROXY_LEVELS, levels.proxy),
        web.get("/tulle/v1/access", sources.access.handle),
        web.get("/tulle/v1/version", version),
        *(web.get(path, healthz) for path in ("/healthz", "/livez", "/readyz")),
    ]


def make_app(
    routes: Iterable[web.RouteDef], closing: Callable[[], None], guard: Guard
) -> web.Application:
    """The application behind one door. `closing` ends answers that go on, when the server stops."""

    async def close(app: web.Application) -> None:
        closing()

    app = web.Application(middlewares=[translate_errors, guard], client_max_size=MAX_BODY_BYTES)
    app.add_routes(routes)
    app.on_shutdown.append(close)
    app.on_response_prepare.append(_without_versions)
    return app


async def _without_versions(request: web.Request, response: web.StreamResponse) -> None:
    """What Python and which library answer is nobody's business."""
    response.headers["Server"] = "tulle"


async def version(request: web.Request) -> web.Response:
    """`GET /tulle/v1/version`."""
    return reply(Version(version=__version__))


async def healthz(request: web.Request) -> web.Response:
    """Whether the server answers; `check` says whether it is well."""
    return web.Response(text="ok\n")
