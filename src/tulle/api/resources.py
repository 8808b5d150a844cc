"""Resources under Kubernetes' paths: get, list, put, delete, for every kind there is."""

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from aiohttp import web

from tulle.api.apply import put_of
from tulle.api.bodies import read, reply
from tulle.api.changes import Gate
from tulle.api.errors import ApiError, ProblemsError, Status
from tulle.codec import decode, encode
from tulle.model.kinds import ALL
from tulle.model.problems import Problem
from tulle.model.resources import Resource, key_of
from tulle.store.contract import Delete, Store

Handler = Callable[[web.Request], Coroutine[Any, Any, web.Response]]


class Resources:
    """The handlers; each is bound to a kind in `routes`."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of every kind."""
        for kind in ALL:
            root = path_of(kind)
            scopes = {root, path_of(kind, "{namespace}")}
            yield from (web.get(scope, partial(self.list, kind)) for scope in sorted(scopes))
            one = f"{path_of(kind, '{namespace}')}/{{name}}"
            yield web.get(one, partial(self.get, kind))
            yield web.put(one, partial(self.put, kind))
            yield web.delete(one, partial(self.delete, kind))

    async def list(self, kind: type[Resource], request: web.Request) -> web.Response:
        """All of a kind, in one namespace or everywhere. Secrets without what they hold."""
        _dry_run(request, allowed=False)
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
        _dry_run(request, allowed=False)
        found = await self._find(kind, request)
        if found is None:
            key = key_of(kind, request.match_info.get("namespace", ""), request.match_info["name"])
            hint = f"`tulle get {kind.PLURAL} -A` lists those there are"
            raise ApiError(404, "not-found", f"there is no {key}", hint)
        return reply(encode.to_object(found))

    async def put(self, kind: type[Resource], request: web.Request) -> web.Response:
        """Replace or create one. With a resourceVersion in it: only that version is replaced."""
        dry_run = _dry_run(request)
        resource = _decode(kind, request, await read(request, dict[str, object]))
        known = await self._find(kind, request)
        changed = await self._gate.put([put_of(resource)], dry_run=dry_run)
        stored = await self._find(kind, request)
        warnings = [str(warning) for warning in changed.warnings]
        response = reply(encode.to_object(stored or resource), 200 if known else 201)
        # Kubernetes' way to say something beside the resource; clients print it.
        response.headers.extend(("Warning", _quoted(text)) for text in warnings[:20])
        return response

    async def delete(self, kind: type[Resource], request: web.Request) -> web.Response:
        """Remove one."""
        dry_run = _dry_run(request)
        key = key_of(kind, request.match_info.get("namespace", ""), request.match_info["name"])
        await self._gate.delete([Delete(key)], dry_run=dry_run)
        return reply(Status(status="Success", message=f"{key} deleted", reason="", code=200))

    async def _find(self, kind: type[Resource], request: web.Request) -> Resource | None:
        names = request.match_info
        world = await self._store.world()
        return world.get(kind, names.get("namespace", ""), names["name"])


def path_of(kind: type[Resource], namespace: str = "") -> str:
    """Where a kind is served: `/api/v1/namespaces/shop/services`, `/apis/tulle.dev/v1/meshes`."""
    root = "/apis" if "/" in kind.API_VERSION else "/api"
    scope = f"/namespaces/{namespace}" if namespace and kind.NAMESPACED else ""
    return f"{root}/{kind.API_VERSION}{scope}/{kind.PLURAL}"


def _decode(kind: type[Resource], request: web.Request, body: dict[str, object]) -> Resource:
    """The resource of a body, which has to be the one the path names."""
    decoded = decode.from_objects([_with_namespace(kind, request, body)])
    if not decoded.resources:
        raise ProblemsError(decoded.problems)
    (resource,) = decoded.resources
    wanted = key_of(kind, request.match_info.get("namespace", ""), request.match_info["name"])
    if resource.key != wanted:
        message = f"the body holds {resource.key}, the path names {wanted}"
        raise ProblemsError([Problem("metadata", "name-mismatch", message, "send both alike")])
    return resource


def _with_namespace(
    kind: type[Resource], request: web.Request, body: dict[str, object]
) -> dict[str, object]:
    """The path's namespace where the body has none, as Kubernetes does it."""
    metadata = body.get("metadata")
    if not kind.NAMESPACED or not isinstance(metadata, dict) or metadata.get("namespace"):
        return body
    return {**body, "metadata": {**metadata, "namespace": request.match_info["namespace"]}}


def _dry_run(request: web.Request, *, allowed: bool = True) -> bool:
    """Whether the query asks for a dry run; whatever else it asks for would be ignored, so it is refused."""
    for name, value in request.query.items():
        if not (allowed and name == "dryRun" and value == "All"):
            hint = "this server knows dryRun=All, where something is changed" if allowed else ""
            raise ApiError(
                400, "query-not-supported", f"{name}={value[:60]} is not supported yet", hint
            )
    return "dryRun" in request.query


def _quoted(text: str) -> str:
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)[:1000]
    return f'299 tulle "{plain.replace(chr(34), chr(39))}"'
