"""The file kubectl reads (its kubeconfig), as values: ours made, and put into one that is there already."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

Config = Mapping[str, object]

LISTS = ("clusters", "users", "contexts")
"""Where a kubeconfig keeps what has a name."""


class Reach(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a server is reached over TLS ("" if it is not), as it tells it through its Unix socket.

    What else it may have is of no use here: kubectl sends no token where there is no TLS.
    """

    tls_url: str = ""
    server_name: str = ""
    roots: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Reach({self.tls_url}, token redacted)"


@dataclass(frozen=True, slots=True)
class NotAConfig(Exception):  # noqa: N818 - says what the file is not
    """What should be a kubeconfig is something else; `why` says it."""

    why: str


def config_of(reach: Reach, name: str, namespace: str) -> dict[str, object]:
    """A kubeconfig with one cluster, user and context, all called `name`."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": _cluster(reach)}],
        "users": [{"name": name, "user": {"token": reach.token}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}
        ],
        "current-context": name,
    }


def _cluster(reach: Reach) -> dict[str, object]:
    return {
        "server": reach.tls_url,
        # Whatever address it is reached by: its certificate has this name.
        "tls-server-name": reach.server_name,
        "certificate-authority-data": base64.b64encode(reach.roots.encode()).decode(),
    }


def merged(old: object, new: Config) -> dict[str, object]:
    """`old` with what `new` has in place of what bears the same names; everything else of `old` stays.

    `old` may be None (an empty file). Raises NotAConfig for what no kubectl wrote.
    """
    if old is None:
        return dict(new)
    if not isinstance(old, dict) or old.get("kind", "Config") != "Config":
        raise NotAConfig("is no kubeconfig")
    result: dict[str, object] = {**old, **{k: v for k, v in new.items() if k not in LISTS}}
    for field in LISTS:
        result[field] = [*_others(old, new, field), *_named(new, field)]
    return result


def _others(old: Config, new: Config, field: str) -> list[dict[str, object]]:
    ours = {entry["name"] for entry in _named(new, field)}
    return [entry for entry in _named(old, field) if entry["name"] not in ours]


def _named(config: Config, field: str) -> list[dict[str, object]]:
    entries = config.get(field) or []
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and "name" in entry for entry in entries
    ):
        raise NotAConfig(f"has something else than a list of named entries in `{field}`")
    return entries
