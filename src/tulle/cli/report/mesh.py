"""What the server knows of its mesh: asked through the API, as any command asks."""

import base64
import json
from collections.abc import Iterator
from typing import cast

import click
import msgspec

from tulle.cli.answers import Proxies
from tulle.cli.client import Client
from tulle.cli.report.found import Found

MOST_PROXIES = 50
"""Whose configuration is taken; of a larger mesh the first ones, and those that are not well."""

_ENDS = ("version", "check", "store/check", "proxies", "edges", "names", "log-levels")


class Item(msgspec.Struct, frozen=True):
    """A resource, as far as secrets may be in it."""

    data: dict[str, str] = {}
    string_data: dict[str, str] = msgspec.field(name="stringData", default_factory=dict)


class Names(msgspec.Struct, frozen=True):
    """A list, as far as names go."""

    items: tuple[dict[str, object], ...] = ()


def ends(client: Client) -> Iterator[Found]:
    """What the server says of itself and its proxies."""
    for end in _ENDS:
        yield _asked(client, f"/tulle/v1/{end}", f"server/{end.replace('/', '-')}.json")


def resources(client: Client) -> Iterator[Found]:
    """Everything that is stored, by kind; of Secrets only their names and the names in them."""
    from tulle.cli.resources.paths import resource_path
    from tulle.model.kinds import ALL
    from tulle.model.kinds.core import Secret

    for kind in ALL:
        found = _asked(client, resource_path(kind, None), f"resources/{kind.PLURAL}.json")
        yield Found(found.name, _emptied(found.content)) if kind is Secret else found


def configurations(client: Client) -> Iterator[Found]:
    """What proxies were sent."""
    proxies = client.get("/tulle/v1/proxies", Proxies).proxies
    unwell = [proxy for proxy in proxies if not (proxy.connected and proxy.in_sync)]
    chosen = dict.fromkeys(proxy.name for proxy in (*unwell, *proxies))
    for name in list(chosen)[:MOST_PROXIES]:
        yield _asked(client, f"/tulle/v1/proxies/{name}/config", f"proxies/{name}/sent.json")


def secrets(client: Client) -> Iterator[bytes]:
    """What Secrets hold, so that it can be looked for and taken out wherever else it stands."""
    listed = client.get("/api/v1/secrets", Names)
    for item in listed.items:
        metadata = cast("dict[str, str]", item.get("metadata", {}))
        path = f"/api/v1/namespaces/{metadata.get('namespace')}/secrets/{metadata.get('name')}"
        found = client.get(path, Item)
        for text in found.data.values():
            yield text.encode()
            try:
                yield base64.b64decode(text, validate=True)
            except ValueError:
                continue
        yield from (text.encode() for text in found.string_data.values())


def _emptied(content: str | bytes) -> str:
    """A list of Secrets without anything that could hold what they hold, their annotations included."""
    try:
        items = msgspec.json.decode(content, type=Names).items
    except msgspec.DecodeError:
        return "it cannot be read, so it is left out\n"
    return json.dumps({"items": [_bare(item) for item in items]}, indent=1)


def _bare(secret: dict[str, object]) -> dict[str, object]:
    metadata = cast("dict[str, object]", secret.get("metadata", {}))
    kept = (
        "name",
        "namespace",
        "resourceVersion",
        "creationTimestamp",
        "labels",
        "ownerReferences",
    )
    return {
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "type": secret.get("type", ""),
        "keys": sorted(cast("dict[str, str]", secret.get("data", {}))),
    }


def _asked(client: Client, path: str, name: str) -> Found:
    try:
        answer = client.raw(path)
    except click.ClickException as exc:
        return Found(name, f"{exc.message}\n")
    try:
        return Found(name, json.dumps(json.loads(answer), indent=1))
    except ValueError:
        return Found(name, answer)
