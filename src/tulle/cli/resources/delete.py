"""`tulle delete`: take resources away."""

import click

from tulle.cli.answers import Applied
from tulle.cli.arguments import files_option, kind_named, namespace_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import ProblemsFound
from tulle.model.names import ResourceKey
from tulle.model.resources import key_of

NOTHING = "nothing was deleted"
DELETING = "deleting"
"""Marked, and held by finalizers: `tulle get KIND NAME -o yaml` shows them."""


@click.command("delete")
@click.argument("kind", required=False)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@files_option(required=False)
@namespace_option
@server_option
def command(
    kind: str | None,
    names: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str,
    client: Client,
) -> None:
    """Delete resources: KIND NAME..., or everything that manifests name (-f).

    All of them go at once, or none if any is not there.
    """
    if bool(files) == bool(kind) or bool(kind) != bool(names):
        raise click.UsageError("say either KIND NAME... or -f FILE")
    keys = _keys_in(files) if files else _keys(kind or "", namespace, names)
    body = {
        "keys": [{"kind": key.kind, "namespace": key.namespace, "name": key.name} for key in keys]
    }
    try:
        deleted = client.post("/tulle/v1/delete", body, Applied)
    except ProblemsFound as exc:
        raise ProblemsFound(exc.problems, NOTHING) from exc
    for outcome in deleted.results:
        click.echo(f"{outcome.key} {outcome.action}")
    if any(outcome.action == DELETING for outcome in deleted.results):
        click.echo(f"what is {DELETING} goes when its finalizers are taken away", err=True)


def _keys(kind: str, namespace: str, names: tuple[str, ...]) -> list[ResourceKey]:
    found = kind_named(kind)
    return [key_of(found, namespace, name) for name in names]


def _keys_in(files: tuple[str, ...]) -> list[ResourceKey]:
    from tulle.cli.manifests import read_valid

    return [resource.key for resource in read_valid(files, NOTHING).resources]
