"""Reading resources under Kubernetes' paths: get and list, for every kind there is."""

from collections.abc import Iterator
from functools import partial

from aiohttp import web

from tulle.api.bodies import reply
from tulle.api.errors import ApiError
from tulle.api.kube.paths import key_in, path_of, path_of_one
from tulle.codec import encode
from tulle.model.kinds import ALL
from tulle.model.resources import Resource
from tulle.store.contract import Store


class Reading:
    """The handlers; each is bound to a kind in `routes`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of every kind that can be read."""
        for kind in ALL:
            scopes = {path_of(kind), path_of(kind, "{namespace}")}
            yield from (web.get(scope, partial(self.list, kind)) for scope in sorted(scopes))
            yield web.get(path_of_one(kind), partial(self.get, kind))

    async def list(self, kind: type[Resource], request: web.Request) -> web.Response:
        """All of a kind, in one namespace or everywhere. Secrets without what they hold."""
        _no_query(request)
        namespace = request.match_info.get("namespace")
        world = await self._store.world()
        items = [
            encode.to_object(resource, redact=True)
            for resource in world.all(kind)
            if namespace is None or resource.metadata.namespace == namespace
        ]
        return reply(
            {
                "apiVersion": kind.API_VERSION,
                "kind": f"{kind.KIND}List",
                "metadata": {"resourceVersion": str(world.revision)},
                "items": items,
            }
        )

    async def get(self, kind: type[Resource], request: web.Request) -> web.Response:
        """One, whole: who asks for a Secret by name may have it."""
        _no_query(request)
        key = key_in(kind, request)
        world = await self._store.world()
        found = world.find(key)
        if found is None:
            hint = f"`tulle get {kind.PLURAL} -A` lists those there are"
            raise ApiError(404, "not-found", f"there is no {key}", hint)
        return reply(encode.to_object(found))


def _no_query(request: web.Request) -> None:
    """What the query asks for would be ignored, so it is refused."""
    for name, value in request.query.items():
        raise ApiError(400, "query-not-supported", f"{name}={value[:60]} is not supported yet")
