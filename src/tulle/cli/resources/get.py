"""`tulle get`: resources as the server has them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import click
import msgspec

from tulle.cli.arguments import complete_kinds, kind_named, namespace_option
from tulle.cli.client import Client, server_option
from tulle.cli.output import output_option, print_as, print_table
from tulle.cli.resources.paths import resource_path
from tulle.cli.resources.rows import row_of
from tulle.cli.resources.watching import watch_resources

if TYPE_CHECKING:
    from tulle.model.resources import Resource


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    """What a list says of itself."""

    resource_version: str = ""


class ItemList(msgspec.Struct, frozen=True):
    """A list of resources, each left as it came."""

    items: tuple[msgspec.Raw, ...] = ()
    metadata: ListMeta = ListMeta()


@click.command("get")
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", required=False)
@namespace_option
@click.option("-A", "--all-namespaces", is_flag=True, help="Of every namespace.")
@click.option(
    "-l",
    "--selector",
    default="",
    metavar="LABELS",
    help="Only those with such labels: app=web,tier in (a,b),!legacy.",
)
@click.option("-w", "--watch", is_flag=True, help="Go on with whatever changes; Ctrl-C ends it.")
@output_option("table", "wide", "json", "yaml", "name")
@server_option
def command(  # noqa: PLR0913, PLR0917 - one for each option
    kind: str,
    name: str | None,
    namespace: str,
    all_namespaces: bool,
    selector: str,
    watch: bool,
    output: str,
    client: Client,
) -> None:
    """List the resources of a KIND, or show the one called NAME.

    `tulle get httproute reviews -n demo -o yaml > split.yaml` writes what `tulle apply -f` reads.
    """
    if name and (all_namespaces or selector):
        raise click.UsageError("a NAME is one resource: leave -A and -l out")
    found = kind_named(kind)
    scope = None if all_namespaces else namespace
    if watch:
        query = chosen(selector, name)
        watch_resources(client, found, scope, query, output)
    elif name:
        _print(found, [client.raw(resource_path(found, scope, name))], output, one=True)
    else:
        listed = client.get(resource_path(found, scope), ItemList, chosen(selector))
        items = [bytes(item) for item in listed.items]
        _print(found, items, output, several=all_namespaces)
        if not items and scope:
            click.echo(f"no {found.PLURAL} in namespace {scope}; -A looks in all", err=True)


def chosen(selector: str, name: str | None = None) -> dict[str, str]:
    """The query of a list that is to hold only some."""
    query = {"labelSelector": selector} if selector else {}
    return query | ({"fieldSelector": f"metadata.name={name}"} if name else {})


def _print(
    kind: "type[Resource]",
    items: Sequence[bytes],
    output: str,
    *,
    one: bool = False,
    several: bool = False,
) -> None:
    if output in {"json", "yaml"}:
        objects = [_shown(json.loads(item)) for item in items]
        print_as(output, objects[0] if one else _list_of(objects))
    else:
        _show(kind, items, output, several=several)


def _shown(resource: dict[str, object]) -> dict[str, object]:
    """Without its managed fields: many lines for machines, which nobody applies."""
    metadata = cast("dict[str, object]", resource["metadata"])
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**resource, "metadata": kept}


def _list_of(objects: Sequence[dict[str, object]]) -> dict[str, object]:
    """Secrets without what they hold: who wants that asks for one by name."""
    from tulle.codec.encode import redacted

    return {"apiVersion": "v1", "kind": "List", "items": list(map(redacted, objects))}


def _show(kind: "type[Resource]", items: Sequence[bytes], output: str, *, several: bool) -> None:
    from tulle.codec.decode import resource_from_json

    resources = [resource_from_json(kind, item) for item in items]
    if output == "name":
        for resource in resources:
            click.echo(f"{kind.KIND.lower()}/{resource.metadata.name}")
    elif resources:
        rows = [row_of(r, datetime.now(UTC), wide=output == "wide") for r in resources]
        hidden = set() if several and kind.NAMESPACED else {"NAMESPACE"}
        headers = [header for header in rows[0] if header not in hidden]
        print_table(headers, [[row[header] for header in headers] for row in rows])
