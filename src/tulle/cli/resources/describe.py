"""`tulle describe`: everything known of one resource, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import click
import msgspec

from tulle.cli.answers import Proxies, Refusal
from tulle.cli.arguments import complete_kinds, kind_named, namespace_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError
from tulle.cli.output import aligned, mapping_text, yaml_text
from tulle.cli.resources.paths import resource_path
from tulle.model.resources import key_of

Object = Mapping[str, object]


class ObjectList(msgspec.Struct, frozen=True):
    """A list of resources as plain values."""

    items: tuple[dict[str, object], ...] = ()


@click.command("describe")
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", required=False)
@namespace_option
@server_option
def command(kind: str, name: str | None, namespace: str, client: Client) -> None:
    """Everything known of the resource NAME, or of all of a KIND.

    What it says, how the mesh took it, and which proxies refused it. Secrets show what they hold only to
    `tulle get secret NAME -o yaml`.
    """
    found = kind_named(kind)
    proxies = client.get("/tulle/v1/proxies", Proxies).proxies
    refusals = [refusal for proxy in proxies for refusal in proxy.refused]
    resources = client.get(resource_path(found, namespace), ObjectList).items
    wanted = [r for r in resources if name is None or part(r, "metadata").get("name") == name]
    if name and not wanted:
        hint = f"`tulle get {found.PLURAL} -A` lists those there are"
        raise CliError(f"there is no {key_of(found, namespace, name)}", hint, "not-found")
    from tulle.codec.encode import redacted

    for index, resource in enumerate(map(redacted, wanted)):
        if index:
            click.echo()
        for line in description(resource, refusals):
            click.echo(line)


def description(resource: Object, refusals: Sequence[Refusal]) -> Iterator[str]:
    """All lines about one resource."""
    metadata = part(resource, "metadata")
    place = "/".join(str(metadata[k]) for k in ("namespace", "name") if metadata.get(k))
    key = f"{resource.get('kind', '')} {place}"
    yield from head(resource)
    yield from body(resource)
    yield from conditions(resource)
    yield from refused([r for r in refusals if is_about(r, key)])


def is_about(refusal: Refusal, key: str) -> bool:
    """Whether a refusal comes from a resource; its origins are written as KIND NAMESPACE/NAME FIELD."""
    return any(
        origin == key or origin.startswith(f"{key} ") for origin in refusal.resource.split(", ")
    )


def head(resource: Object) -> Iterator[str]:
    """Name and bookkeeping."""
    metadata = part(resource, "metadata")
    labels = {key: str(value) for key, value in part(metadata, "labels").items()}
    yield from aligned(
        [
            ("Name:", str(metadata.get("name", ""))),
            ("Namespace:", str(metadata.get("namespace") or "-")),
            ("Kind:", f"{resource.get('kind', '')} ({resource.get('apiVersion', '')})"),
            ("Labels:", mapping_text(labels.items())),
            ("Created:", str(metadata.get("creationTimestamp") or "-")),
            ("Generation:", str(metadata.get("generation", 0))),
        ]
    )


def body(resource: Object) -> Iterator[str]:
    """What it says, and the part of its status that is no condition."""
    known = {"apiVersion", "kind", "metadata", "status"}
    said = {key: value for key, value in resource.items() if key not in known}
    status = part(resource, "status")
    rest = {key: value for key, value in status.items() if key not in {"conditions", "parents"}}
    for title, value in (*said.items(), ("status", rest)):
        if value:
            yield f"{title[0].upper()}{title[1:]}:"
            yield from (f"  {line}" for line in yaml_text(value).splitlines())


def conditions(resource: Object) -> Iterator[str]:
    """How the mesh took it: its conditions, and those of every parent."""
    status = part(resource, "status")
    rows = [_condition("", c) for c in parts(status, "conditions")]
    for parent in parts(status, "parents"):
        ref = part(parent, "parentRef")
        name = f"{ref.get('kind', '')}/{ref.get('name', '')}"
        rows += [_condition(name, c) for c in parts(parent, "conditions")]
    if rows:
        yield "Conditions:"
        yield from (f"  {line}" for line in aligned(rows))


def refused(refusals: Sequence[Refusal]) -> Iterator[str]:
    """Proxies that kept what they had, and why."""
    if refusals:
        yield "Refused by proxies:"
        yield from (f"  {refusal.proxy}: {refusal.detail}" for refusal in refusals)


def _condition(parent: str, condition: Object) -> tuple[str, ...]:
    names = ("type", "status", "reason", "message")
    return (*([parent] if parent else []), *(str(condition.get(name, "")) for name in names))


def part(of: Object, name: str) -> Object:
    """A field that is an object; an empty one where it is missing."""
    found = of.get(name)
    return cast(Object, found) if isinstance(found, dict) else {}


def parts(of: Object, name: str) -> list[Object]:
    """A field that is a list of objects."""
    found = of.get(name)
    return cast(list[Object], found) if isinstance(found, list) else []
