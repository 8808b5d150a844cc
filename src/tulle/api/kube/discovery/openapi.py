"""`/openapi/v3`: schemas and operations of everything that is served, a document for each group and version.

Clients learn from it what fields mean (`kubectl explain`), how lists are merged (`apply`, `edit`), and which
options a server understands (`fieldValidation`). Operations are read off the routes there are.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from tulle import __version__
from tulle.api.bodies import reply
from tulle.api.errors import ApiError
from tulle.api.kube.discovery.verbs import Route
from tulle.api.kube.paths import path_of, path_of_one
from tulle.codec.groups import GroupVersion, group_version, grouped
from tulle.codec.openapi.components import GVK, components, gvk, ref, schema_name
from tulle.codec.patches import strategic
from tulle.model.kinds import ALL
from tulle.model.resources import Resource

Object = dict[str, Any]

JSON = "application/json"
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
_STRATEGIC = "application/strategic-merge-patch+json"

_WRITES = ("dryRun", "fieldManager", "fieldValidation", "pretty")
_PARAMETERS: Mapping[str, Sequence[str]] = {
    "list": (
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "labelSelector",
        "limit",
        "pretty",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
        "watch",
    ),
    "get": ("pretty", "resourceVersion"),
    "post": _WRITES,
    "put": _WRITES,
    "patch": (*_WRITES, "force"),
    "delete": ("dryRun", "gracePeriodSeconds", "pretty", "propagationPolicy"),
}
_TYPES = {
    **dict.fromkeys(("allowWatchBookmarks", "force", "sendInitialEvents", "watch"), "boolean"),
    **dict.fromkeys(("gracePeriodSeconds", "limit", "timeoutSeconds"), "integer"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document, and the hash that changes when they do."""

    body: bytes
    hash: str


class OpenApi:
    """The handlers. `routes` are all that the API serves; documents are made once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._documents = {where.root: _made(document(where, routes)) for where, _ in grouped(ALL)}

    def routes(self) -> Iterator[web.RouteDef]:
        """The index, and what it leads to."""
        yield web.get("/openapi/v3", self.index)
        yield web.get("/openapi/v3/{root:.+}", self.one)

    async def index(self, request: web.Request) -> web.Response:
        """Where each document is: its address changes with it, so clients may keep what they have."""
        paths = {
            root: {"serverRelativeURL": f"/openapi/v3/{root}?hash={made.hash}"}
            for root, made in self._documents.items()
        }
        return reply({"paths": paths})

    async def one(self, request: web.Request) -> web.Response:
        """A document; by its hash it never changes, without it is the newest."""
        made = self._documents.get(request.match_info["root"])
        if made is None:
            message = f"nothing is served at {request.path[:200]}"
            raise ApiError(404, "path-unknown", message, "/openapi/v3 lists those there are")
        headers = {"Content-Type": JSON, "ETag": f'"{made.hash}"', "Vary": "Accept"}
        if request.query.get("hash") == made.hash:
            headers["Cache-Control"] = "public, immutable, max-age=31536000"
        if made.hash in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=made.body, headers=headers)


def document(where: GroupVersion, routes: Sequence[Route]) -> Object:
    """The document of a group and version. Pure."""
    kinds = [kind for kind in ALL if group_version(kind) == where]
    paths: Object = {}
    for kind in kinds:
        for path, operations in _paths(kind, routes):
            paths[path] = operations
    return {
        "openapi": "3.0.0",
        "info": {"title": "Tulle", "version": __version__},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components(kinds)},
    }


def _made(found: Object) -> Document:
    body = msgspec.json.encode(found)
    return Document(body, hashlib.sha256(body).hexdigest()[:32].upper())


def _paths(kind: type[Resource], routes: Sequence[Route]) -> Iterator[tuple[str, Object]]:
    """Every path of a kind, with what can be asked there."""
    one = path_of_one(kind)
    of_all = {path_of(kind), path_of(kind, "{namespace}")}
    methods: dict[str, list[str]] = {}
    for method, path in routes:
        if path in of_all or path == one or path.startswith(f"{one}/"):
            methods.setdefault(path, []).append(method.lower())
    for path, found in methods.items():
        operations = {m: _operation(kind, m, is_list=path in of_all) for m in sorted(found)}
        names = re.findall(r"{(\w+)}", path)
        yield path, {**operations, "parameters": [_in_path(name) for name in names]}


def _operation(kind: type[Resource], method: str, *, is_list: bool) -> Object:
    action = "list" if is_list and method == "get" else method
    answered = f"{schema_name(kind)}List" if action == "list" else schema_name(kind)
    operation: Object = {
        "tags": [str(group_version(kind))],
        "parameters": [_in_query(name) for name in _PARAMETERS[action]],
        "responses": {
            "200": {"description": "OK", "content": {JSON: {"schema": ref(answered)}}},
            "401": {"description": "Unauthorized"},
        },
        "x-kubernetes-action": action,
        GVK: gvk(group_version(kind), kind.KIND),
    }
    if method == "patch":
        forms = (*_PATCHES, _STRATEGIC) if strategic.has_strategy(kind) else _PATCHES
        operation["requestBody"] = _body(forms, {"type": "object"})
    elif method in {"post", "put"}:
        operation["requestBody"] = _body((JSON,), ref(schema_name(kind)))
    return operation


def _body(forms: Sequence[str], schema: Object) -> Object:
    return {"required": True, "content": {form: {"schema": schema} for form in forms}}


def _in_query(name: str) -> Object:
    return {"name": name, "in": "query", "schema": {"type": _TYPES.get(name, "string")}}


def _in_path(name: str) -> Object:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
