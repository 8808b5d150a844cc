"""Where the server keeps resources: the paths of Kubernetes' REST API."""

from urllib.parse import quote

from tulle.model.resources import Resource


def resource_path(kind: type[Resource], namespace: str | None, name: str = "") -> str:
    """Path of a kind, in one namespace or (None) in all; with a name, of that resource."""
    root = "/apis" if "/" in kind.API_VERSION else "/api"
    scope = f"/namespaces/{quote(namespace)}" if namespace and kind.NAMESPACED else ""
    end = f"/{quote(name)}" if name else ""
    return f"{root}/{kind.API_VERSION}{scope}/{kind.PLURAL}{end}"
