"""Reading resources under Kubernetes' paths: get, list and watch, for every kind there is."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from aiohttp import web

from tulle.api.bodies import reply
from tulle.api.kube.paths import key_in, path_of, path_of_one
from tulle.api.kube.reading.events import Scope
from tulle.api.kube.reading.forms import Form, form_of, many, one
from tulle.api.kube.reading.history import History
from tulle.api.kube.reading.pages import LATEST, cursor_of, page_of
from tulle.api.kube.reading.queries import (
    ListQuery,
    check_one,
    include_of,
    is_watch,
    list_query,
    revision_of,
    watch_query,
)
from tulle.api.kube.reading.refusals import PageForgotten, RevisionForgotten, RevisionTooNew
from tulle.api.kube.reading.streams import Watching
from tulle.codec.groups import has_status
from tulle.model.kinds import ALL
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.store.contract import Store
from tulle.store.errors import NotFound

_MANY = 500
"""From so many resources on a list is written apart from the loop, so that streams go on."""


class Reading:
    """The handlers; each is bound to a kind in `routes`. `clock` gives Unix seconds."""

    def __init__(self, store: Store, history: History, clock: Callable[[], float]) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._watching = Watching(store, history, clock)

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of every kind that can be read."""
        for kind in ALL:
            scopes = {path_of(kind), path_of(kind, "{namespace}")}
            yield from (web.get(scope, partial(self.list, kind)) for scope in sorted(scopes))
            yield web.get(path_of_one(kind), partial(self.get, kind))
            if has_status(kind):
                yield web.get(f"{path_of_one(kind)}/status", partial(self.get, kind))

    async def list(self, kind: type[Resource], request: web.Request) -> web.StreamResponse:
        """Those of a kind, in one namespace or everywhere, or from now on whatever becomes of them."""
        form, namespace = self._form(request), request.match_info.get("namespace")
        if is_watch(request.query):
            asked = watch_query(request.query)
            scope = Scope(kind, namespace, asked.selector)
            return await self._watching.answer(request, scope, asked, form)
        query = list_query(request.query)
        scope = Scope(kind, namespace, query.selector)
        world, start = await self._world(query)
        write = partial(_listed, scope, query, world, start, form)
        if len(world.all(kind)) < _MANY:
            return reply(write())
        return await asyncio.to_thread(lambda: reply(write()))

    async def get(self, kind: type[Resource], request: web.Request) -> web.Response:
        """One by its name."""
        check_one(request.query)
        form, revision = self._form(request), revision_of(request.query)
        key = key_in(kind, request)
        world = await self._store.world()
        if revision is not None and revision > world.revision:
            raise RevisionTooNew(revision, world.revision)
        found = world.find(key)
        if found is None:
            hint = f"`tulle get {kind.PLURAL} -A` lists those there are"
            raise NotFound(f"there is no {key}", hint, key)
        return reply(one(found, form))

    def _form(self, request: web.Request) -> Form:
        accept = ",".join(request.headers.getall("Accept", []))
        return form_of(accept, include_of(request.query), self._clock())

    async def _world(self, query: ListQuery) -> tuple[World, str]:
        """The world a list is cut from, and where in it the list goes on ("" at its beginning)."""
        newest = await self._store.world()
        if query.token:
            cursor = cursor_of(query.token)
            if cursor.revision == LATEST:
                return newest, cursor.start
            world = await self._at(cursor.revision, newest)
            if world is None:
                raise PageForgotten(cursor.start)
            return world, cursor.start
        if query.revision is None or (not query.exact and query.revision <= newest.revision):
            return newest, ""
        if query.revision > newest.revision:
            raise RevisionTooNew(query.revision, newest.revision)
        world = await self._at(query.revision, newest)
        if world is None:
            raise RevisionForgotten(query.revision)
        return world, ""

    async def _at(self, revision: int, newest: World) -> World | None:
        await self._history.reach(newest.revision)
        return self._history.world_at(revision, newest)


def _listed(
    scope: Scope, query: ListQuery, world: World, start: str, form: Form
) -> dict[str, object]:
    items = [resource for resource in world.all(scope.kind) if scope.wants(resource)]
    counts = not query.selector.labels and not query.selector.fields
    page = page_of(items, world.revision, query.limit, start, counts=counts)
    return many(scope.kind, page.items, page.meta, form)
