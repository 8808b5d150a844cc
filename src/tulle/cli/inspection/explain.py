"""`tulle explain`: why, with the resource and field it came from."""

from collections.abc import Sequence

import click
import msgspec

from tulle.cli.arguments import files_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import error_of
from tulle.cli.output import output_option, print_as
from tulle.cli.picking import pick_workload
from tulle.cli.resources.get import ItemList
from tulle.cli.resources.paths import resource_path
from tulle.model.kinds.workload import Workload
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem

Headers = Sequence[tuple[str, str]]


class Header(click.ParamType[tuple[str, str]]):
    """`NAME: VALUE`, as curl takes it."""

    name = "name: value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        name, colon, text = str(value).partition(":")
        if not (colon and name.strip()):
            self.fail(f"{value!r} is no header: write 'NAME: VALUE'", param, ctx)
        return name.strip(), text.strip()


@click.group("explain")
def command() -> None:
    """Say why: what happens to a request."""


@command.command("request")
@click.argument("method")
@click.argument("url")
@click.option(
    "--from",
    "caller",
    required=True,
    metavar="[NAMESPACE/]NAME",
    help="The workload that sends it; a NAME will do where it is unique.",
)
@click.option(
    "-H",
    "--header",
    "headers",
    type=Header(),
    multiple=True,
    help="A header it carries. May be repeated.",
)
@files_option(required=False)
@output_option("text", "json", "yaml", default="text")
@server_option
def request(  # noqa: PLR0913, PLR0917 - one for each word of the command line
    method: str,
    url: str,
    caller: str,
    headers: tuple[tuple[str, str], ...],
    files: tuple[str, ...],
    output: str,
    client: Client,
) -> None:
    """Say where a request goes, by which rule of which route, and who lets it in there.

    URL is as the program would write it: http://reviews.shop/path, or the loopback address of an upstream.
    With -f it speaks of the mesh these manifests describe; without, of the one the server runs.

    Example: tulle explain request --from shop/web GET http://reviews.shop/ -H 'x-tester: yes'
    """
    told = (
        _of_files(files, caller, method, url, headers)
        if files
        else _of_server(client, caller, method, url, headers)
    )
    if output == "text":
        for line in told.lines:
            click.echo(line)
    else:
        print_as(output, told.facts)


class Told(msgspec.Struct, frozen=True):
    """An explanation for people, and the facts for programs."""

    lines: tuple[str, ...]
    facts: object


def _of_files(files: tuple[str, ...], caller: str, method: str, url: str, headers: Headers) -> Told:
    from tulle.cli.inspection.files import read_mesh
    from tulle.cli.inspection.plain import plain
    from tulle.graph.explaining.explain import explain_request

    graph = read_mesh(files).compiled.graph
    ref = pick_workload(caller, graph.workloads, "--from")
    told = explain_request(graph, ref, method, url, headers)
    if isinstance(told, Problem):
        raise error_of(told)
    return Told(told.lines, plain(told))


def _of_server(client: Client, caller: str, method: str, url: str, headers: Headers) -> Told:
    ref = pick_workload(caller, workloads_of(client), "--from")
    body = {"from": str(ref), "method": method, "url": url, "headers": [list(h) for h in headers]}
    told = client.post("/tulle/v1/explain", body, dict[str, object])
    lines = told.get("lines")
    return Told(tuple(map(str, lines)) if isinstance(lines, list) else (), told)


def workloads_of(client: Client) -> list[WorkloadRef]:
    """Every workload the server knows."""
    listed = client.get(resource_path(Workload, None), ItemList)
    names = [msgspec.json.decode(item, type=Named).metadata for item in listed.items]
    return [WorkloadRef(n.namespace, n.name) for n in names]


class Name(msgspec.Struct, frozen=True):
    """The part of metadata that names."""

    name: str
    namespace: str = ""


class Named(msgspec.Struct, frozen=True):
    """A resource, of which only the name is wanted."""

    metadata: Name
