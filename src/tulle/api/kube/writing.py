"""Changing resources under Kubernetes' paths: put and delete, for every kind there is."""

from collections.abc import Iterator
from functools import partial

from aiohttp import web

from tulle.api.apply import put_of
from tulle.api.bodies import read, reply
from tulle.api.changes import Gate
from tulle.api.errors import ApiError, ProblemsError
from tulle.api.kube.paths import key_in, path_of_one
from tulle.api.statuses import Status
from tulle.codec import decode, encode
from tulle.model.kinds import ALL
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.store.contract import Delete, Store


class Writing:
    """The handlers; each is bound to a kind in `routes`."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def routes(self) -> Iterator[web.RouteDef]:
        """Every path of every kind that can be changed."""
        for kind in ALL:
            one = path_of_one(kind)
            yield web.put(one, partial(self.put, kind))
            yield web.delete(one, partial(self.delete, kind))

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
        key = key_in(kind, request)
        await self._gate.delete([Delete(key)], dry_run=dry_run)
        return reply(Status(status="Success", message=f"{key} deleted", reason="", code=200))

    async def _find(self, kind: type[Resource], request: web.Request) -> Resource | None:
        world = await self._store.world()
        return world.find(key_in(kind, request))


def _decode(kind: type[Resource], request: web.Request, body: dict[str, object]) -> Resource:
    """The resource of a body, which has to be the one the path names."""
    decoded = decode.from_objects([_with_namespace(kind, request, body)])
    if not decoded.resources:
        raise ProblemsError(decoded.problems)
    (resource,) = decoded.resources
    wanted = key_in(kind, request)
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


def _dry_run(request: web.Request) -> bool:
    """Whether the query asks for a dry run; whatever else it asks for would be ignored, so it is refused."""
    for name, value in request.query.items():
        if (name, value) != ("dryRun", "All"):
            hint = "this server knows dryRun=All, where something is changed"
            raise ApiError(
                400, "query-not-supported", f"{name}={value[:60]} is not supported yet", hint
            )
    return "dryRun" in request.query


def _quoted(text: str) -> str:
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)[:1000]
    return f'299 tulle "{plain.replace(chr(34), chr(39))}"'
