"""`tulle dns`: what a program is told of a name, and why; and the host's resolv.conf, put back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tulle.cli.arguments import files_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError, error_of
from tulle.cli.output import output_option, print_as
from tulle.cli.picking import pick_workload

if TYPE_CHECKING:
    from tulle.dns.zones import Zone
    from tulle.model.directory import Entry

_RESOLV_CONF = "/etc/resolv.conf"


@click.group("dns")
def command() -> None:
    """Names of the mesh: what programs are told of them."""


@command.command("query")
@click.argument("name")
@click.argument("rdtype", metavar="[TYPE]", default="A")
@click.option(
    "--from",
    "caller",
    metavar="[NAMESPACE/]NAME",
    help="The workload that asks; a NAME will do where it is unique.",
)
@click.option("-n", "--namespace", metavar="NAME", help="Where somebody asks who is no workload.")
@files_option(required=False)
@output_option("text", "json", "yaml", default="text")
@server_option
def query(  # noqa: PLR0913, PLR0917 - one for each word of the command line
    name: str,
    rdtype: str,
    caller: str | None,
    namespace: str | None,
    files: tuple[str, ...],
    output: str,
    client: Client,
) -> None:
    """Say what a workload is told when it asks for NAME, and which resource that comes from.

    TYPE is A, AAAA, SRV, PTR or any other.  [default: A]
    With -f it speaks of the mesh these manifests describe; without, of the one the server runs.

    Example: tulle dns query reviews --from shop/web
    """
    from tulle.dns.explanations import explain
    from tulle.model.problems import Problem

    zone = _of_files(files, caller, namespace) if files else _of_server(client, caller, namespace)
    told = explain(zone, name, rdtype)
    if isinstance(told, Problem):
        raise error_of(told)
    if output != "text":
        print_as(output, told.facts())
        return
    for line in told.records:
        click.echo(line)
    origins = f" ({', '.join(told.origins)})" if told.origins else ""
    click.echo(f"{told.rcode or 'asked of others'}: {told.reason}{origins}")


@command.command("restore")
@click.option(
    "--file",
    "file",
    metavar="FILE",
    default=_RESOLV_CONF,
    help=f"The file an agent has replaced.  [default: {_RESOLV_CONF}]",
)
def restore(file: str) -> None:
    """Put back the resolv.conf that an agent with `--dns host` replaced, and was killed before it put it back.

    The next such agent does so too. A file an agent still answers for is left alone, and so is one that somebody
    else has written since.
    """
    from tulle.agent.errors import AgentError
    from tulle.agent.resolver.takeover import Restored
    from tulle.agent.resolver.takeover import restore as put_back

    try:
        found = put_back(Path(file))
    except AgentError as error:
        raise error_of(error.problem) from error
    if found is Restored.IN_USE:
        raise CliError(
            f"an agent still answers for {file}",
            "stop it first: it puts the file back itself",
            "resolv-conf-in-use",
        )
    click.echo(f"{file} is {'as it was before' if found is Restored.RESTORED else 'none of ours'}")


def _of_files(files: tuple[str, ...], caller: str | None, namespace: str | None) -> "Zone":
    from tulle.cli.inspection.files import read_mesh

    graph = read_mesh(files).compiled.graph
    if caller is not None:
        namespace = pick_workload(caller, graph.workloads, "--from").namespace
    return _zone(namespace, tuple(graph.names.values()))


def _of_server(client: Client, caller: str | None, namespace: str | None) -> "Zone":
    from tulle.cli.inspection.explain import workloads_of
    from tulle.model.directory import Entry

    class NameList(msgspec.Struct, frozen=True):
        """What the server answers."""

        items: tuple[Entry, ...] = ()

    if caller is not None:
        namespace = pick_workload(caller, workloads_of(client), "--from").namespace
    return _zone(namespace, client.get("/tulle/v1/names", NameList).items)


def _zone(namespace: str | None, entries: "tuple[Entry, ...]") -> "Zone":
    from tulle.codec.decode import DEFAULT_NAMESPACE
    from tulle.dns.directories import directory_of
    from tulle.dns.zones import Zone

    return Zone(namespace or DEFAULT_NAMESPACE, directory_of(entries))
