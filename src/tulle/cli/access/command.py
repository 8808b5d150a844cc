"""`tulle kubeconfig`: the file that lets kubectl, and whatever else speaks Kubernetes, use this server."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from tulle.cli.access.kubeconfig import NotAConfig, Reach, config_of, merged
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError
from tulle.cli.output import yaml_text


@click.command("kubeconfig")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Put it into this file, readable by you alone; what else is in there stays.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Put it into the file kubectl reads: the first of $KUBECONFIG, else ~/.kube/config.",
)
@click.option("--name", default="tulle", show_default=True, help="Of cluster, user and context.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Of the context.")
@server_option
def command(out: Path | None, write: bool, name: str, namespace: str, client: Client) -> None:
    """Print the file that lets kubectl use this server, certificate and token included.

    It is a secret: who has it administers the mesh. `tulle kubeconfig -o mesh.yaml` writes a file,
    `kubectl --kubeconfig mesh.yaml get services` uses it. With --write plain `kubectl` does.
    """
    if out and write:
        raise click.UsageError("--out names the file --write would choose: leave one of them out")
    reach = client.get("/tulle/v1/access", Reach)
    if not reach.tls_url:
        raise CliError(
            f"the server at {client.server} has no TLS door, and kubectl sends its token through no other",
            "start it with --api-address 127.0.0.1:15013, or another port if that is taken",
            "no-tls-door",
        )
    config = config_of(reach, name, namespace)
    path = out or (kubectl_file(os.environ) if write else None)
    if path is None:
        click.echo(yaml_text(config), nl=False)
        return
    put(path, config)
    click.echo(f"{path}: context {name} is {reach.tls_url}", err=True)


def kubectl_file(environment: Mapping[str, str]) -> Path:
    """The file kubectl writes to."""
    listed = [part for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return Path(listed[0]) if listed else Path("~/.kube/config").expanduser()


def put(path: Path, config: Mapping[str, object]) -> None:
    """Merge a kubeconfig into a file, 0600 and whole at every moment. Raises CliError, nothing changed then."""
    target = path.resolve()  # of a symbolic link, what it points at: the link is the user's
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = yaml_text(merged(_read(target), config))
        with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False) as fresh:
            fresh.write(text)
        Path(fresh.name).replace(target)
    except NotAConfig as error:
        hint = "name another file, or move this one away"
        raise CliError(f"{path}: {error.why}", hint, "not-a-kubeconfig") from error
    except OSError as error:
        hint = "name a file in a folder you may write"
        raise CliError(f"{path}: {error.strerror}", hint, "file-unwritable") from error


def _read(path: Path) -> object:
    import yaml

    try:
        return yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise NotAConfig("is no YAML") from error
