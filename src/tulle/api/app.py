"""The table of routes, and the socket they are served on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tulle import __version__
from tulle.api.apply import Changes
from tulle.api.bodies import MAX_BODY_BYTES, Message, reply
from tulle.api.changes import Gate
from tulle.api.checks import Checks
from tulle.api.doors.sockets import listening
from tulle.api.edges import Edges, Fleet
from tulle.api.errors import translate_errors
from tulle.api.explain import Explain
from tulle.api.kube.reading import Reading
from tulle.api.kube.writing import Writing
from tulle.api.proxies import Proxies
from tulle.api.tokens import Mint
from tulle.reconcile.authority import MeshAuthority
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.store.contract import Store

SHUTDOWN_S = 2.0
"""How long requests in flight may take when the server stops."""


class Version(Message, frozen=True, kw_only=True):
    """Which version answers."""

    version: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the API asks. `clock` gives Unix seconds."""

    store: Store
    reconciler: Reconciler
    publisher: Publisher
    authority: MeshAuthority
    fleet: Fleet
    mint: Mint
    clock: Callable[[], float]


def make_app(sources: Sources) -> web.Application:
    """The application; `serve` gives it a socket."""
    app = web.Application(middlewares=[translate_errors], client_max_size=MAX_BODY_BYTES)
    gate = Gate(sources.store, lambda: sources.authority.trust_domain)
    changes = Changes(gate)
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
    app.add_routes(
        [
            *Reading(sources.store).routes(),
            *Writing(sources.store, gate).routes(),
            web.post("/tulle/v1/apply", changes.apply),
            web.post("/tulle/v1/delete", changes.delete),
            web.get("/tulle/v1/settled", proxies.settled),
            web.get("/tulle/v1/proxies", proxies.list),
            web.get("/tulle/v1/proxies/{namespace}/{name}/config", proxies.config),
            web.get("/tulle/v1/edges", edges.handle),
            web.post("/tulle/v1/explain", Explain(sources.reconciler).handle),
            web.post("/tulle/v1/tokens", sources.mint.handle),
            web.get("/tulle/v1/check", checks.handle),
            web.get("/tulle/v1/version", version),
            web.get("/healthz", healthz),
        ]
    )
    return app


async def version(request: web.Request) -> web.Response:
    """`GET /tulle/v1/version`."""
    return reply(Version(version=__version__))


async def healthz(request: web.Request) -> web.Response:
    """Whether the server answers; `check` says whether it is well."""
    return web.Response(text="ok\n")


@asynccontextmanager
async def serve(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serve on a Unix socket only this user may open. Raises SocketError if there can be none."""
    with listening(path) as door:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        try:
            await runner.setup()
            await web.SockSite(runner, door).start()
            yield
        finally:
            await runner.cleanup()
