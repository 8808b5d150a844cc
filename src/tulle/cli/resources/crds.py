"""`tulle crds`: what a Kubernetes cluster needs to know Tulle's kinds."""

import click

from tulle.cli.arguments import complete_kinds, kind_named
from tulle.cli.output import yaml_text


@click.command("crds")
@click.argument("kinds", nargs=-1, shell_complete=complete_kinds)
def command(kinds: tuple[str, ...]) -> None:
    """Print CustomResourceDefinitions of Tulle's own kinds, or of KINDS alone; needs no server.

    `tulle crds | kubectl apply --server-side -f -` teaches them to a cluster. A Tulle server knows them without.
    """
    from tulle.codec.openapi.crds import crd_of, own_kinds

    chosen = [kind_named(kind) for kind in kinds] or list(own_kinds())
    for kind in chosen:
        if kind not in own_kinds():
            group = kind.API_VERSION.rpartition("/")[0] or "Kubernetes"
            raise click.BadParameter(f"{kind.KIND} is defined by {group}, not by Tulle")
    click.echo("---\n".join(yaml_text(crd_of(kind)) for kind in chosen), nl=False)
