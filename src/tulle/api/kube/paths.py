"""Where kinds are served: Kubernetes' paths, made in one place."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from tulle.model.names import ResourceKey
from tulle.model.resources import Resource, key_of

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


def path_of(kind: type[Resource], namespace: str = "") -> str:
    """The path of a kind: `/api/v1/namespaces/shop/services`, `/apis/tulle.dev/v1/meshes`."""
    root = "/apis" if "/" in kind.API_VERSION else "/api"
    scope = f"/namespaces/{namespace}" if namespace and kind.NAMESPACED else ""
    return f"{root}/{kind.API_VERSION}{scope}/{kind.PLURAL}"


def path_of_one(kind: type[Resource]) -> str:
    """The route of a single resource of a kind, with placeholders where names go."""
    return f"{path_of(kind, '{namespace}')}/{{name}}"


def key_in(kind: type[Resource], request: web.Request) -> ResourceKey:
    """The key a request's path names."""
    names = request.match_info
    return key_of(kind, names.get("namespace", ""), names["name"])
