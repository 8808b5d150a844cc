"""`tulle translate`: manifests to what Envoys get, without a server. The pure line from end to end."""

from typing import TYPE_CHECKING

import click

from tulle.cli.arguments import files_option
from tulle.cli.inspection.files import Files, read_mesh
from tulle.cli.inspection.plain import plain
from tulle.cli.output import output_option, print_as, print_json
from tulle.cli.picking import pick_workload

if TYPE_CHECKING:
    from tulle.graph.mesh import View


@click.command("translate")
@files_option(required=True)
@click.option(
    "--proxy",
    metavar="[NAMESPACE/]NAME",
    help="The workload whose proxy it is for; a NAME will do.",
)
@click.option("--graph", is_flag=True, help="The resolved mesh instead of Envoy resources.")
@output_option("yaml", "json", default="yaml")
def command(files: tuple[str, ...], proxy: str | None, graph: bool, output: str) -> None:
    """Print the Envoy resources one proxy gets for these manifests; needs no server.

    Processes count as running, and workloads that no proxy has reported for get placeholder ports. With
    --graph it prints what stands between manifests and Envoy resources: for one proxy, or for all.
    """
    mesh = read_mesh(files)
    if graph and proxy is None:
        print_as(output, plain(mesh.compiled.graph))
        return
    if proxy is None:
        raise click.UsageError("say which proxy with --proxy, or --graph for the whole mesh")
    view = view_named(mesh, proxy)
    if graph:
        print_as(output, plain(view))
        return
    from tulle.xds.build import build_snapshot
    from tulle.xds.text import to_object, to_yaml

    snapshot = build_snapshot(view)
    if output == "json":
        print_json(to_object(snapshot))
    else:
        click.echo(to_yaml(snapshot), nl=False)


def view_named(mesh: Files, proxy: str) -> "View":
    """The view of the one proxy that is meant."""
    from tulle.graph.views import view_of

    graph = mesh.compiled.graph
    view = view_of(graph, pick_workload(proxy, graph.workloads, "--proxy"))
    assert view is not None  # `world_of` gave every workload a proxy
    return view
