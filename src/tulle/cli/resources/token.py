"""`tulle token`: secrets that let workloads join."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tulle.cli.answers import NewToken
from tulle.cli.arguments import Label, Seconds, namespace_option
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError, ProblemsFound

if TYPE_CHECKING:
    from tulle.model.problems import Problem


FLAGS = {
    "namespace": "--namespace",
    "serviceAccount": "--service-account",
    "labels": "--label",
    "name": "--name",
    "ttlSeconds": "--ttl",
}
"""The flag a field of the request comes from."""


@click.group("token")
def command() -> None:
    """Let workloads join the mesh."""


@command.command("create")
@click.option("--service-account", required=True, help="The identity the workload will have.")
@namespace_option
@click.option(
    "--label",
    "labels",
    type=Label(),
    multiple=True,
    help="A label the workload will have, and no others: Services select by them. May be repeated.",
)
@click.option("--name", default="", help="What the workload is called; chosen for it by default.")
@click.option(
    "--ttl", type=Seconds(), default="1h", show_default=True, help="How long it may be used."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write it to this new file, readable by you alone, instead of printing it.",
)
@server_option
def create(  # noqa: PLR0913, PLR0917 - one for each option
    service_account: str,
    namespace: str,
    labels: tuple[tuple[str, str], ...],
    name: str,
    ttl: float,
    out: Path | None,
    client: Client,
) -> None:
    """Print a join token: a secret that works once.

    Hand it to `tulle run --token-file FILE` on the machine of the workload. It decides the workload's
    identity and labels: nobody who holds it can join as something else.
    """
    _refuse_repeats(labels)
    body = {
        "namespace": namespace,
        "serviceAccount": service_account,
        "labels": dict(labels),
        "name": name,
        "ttlSeconds": ttl,
    }
    if out is None:
        click.echo(_made(client, body))
        return
    descriptor = _create(out)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(_made(client, body) + "\n")
    except BaseException:
        out.unlink()
        raise


def _made(client: Client, body: Mapping[str, object]) -> str:
    """The token; what is wrong with a field of the request is said of its flag."""
    try:
        return client.post("/tulle/v1/tokens", body, NewToken).token
    except ProblemsFound as exc:
        raise ProblemsFound(list(map(_flagged, exc.problems)), "no token was made") from exc


def _flagged(problem: "Problem") -> "Problem":
    field, _, rest = problem.path.replace("[", ".").partition(".")
    flag = FLAGS.get(field, problem.path)
    return replace(problem, path=f"{flag} {rest.removesuffix(']')}".rstrip())


def _refuse_repeats(labels: tuple[tuple[str, str], ...]) -> None:
    """Of two values for one label neither is the right one."""
    keys = [key for key, _ in labels]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise click.UsageError(f"--label {twice[0]} is given twice: keep one")


def _create(path: Path) -> int:
    """A new file nobody else may read, from its first moment on."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise CliError(f"{path}: is there already", "name a new file", "file-exists") from exc
    except OSError as exc:
        hint = "name a new file in a folder you may write"
        raise CliError(f"{path}: {exc.strerror}", hint, "file-unwritable") from exc
