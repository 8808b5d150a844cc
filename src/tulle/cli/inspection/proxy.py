"""`tulle proxy`: the proxies of a mesh as its server sees them."""

from datetime import UTC, datetime
from typing import cast

import click
import msgspec

from tulle.cli.answers import Proxies, Proxy, Refusal, Replaced
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError
from tulle.cli.output import age_text, output_option, print_as, print_table
from tulle.cli.picking import pick_workload
from tulle.model.names import WorkloadRef

_REPLACE_S = 300.0
"""At most: an Envoy is not replaced before the one it replaced itself has drained."""
HEADERS = ("PROXY", "ACCOUNT", "CONNECTED", "IN SYNC", "REFUSED", "CERTIFICATE", "ENVOY")


@click.group("proxy")
def command() -> None:
    """Proxies: their state, their configuration."""


@command.command("status")
@click.argument("proxy", required=False)
@output_option("table", "json", "yaml")
@server_option
def status(proxy: str | None, output: str, client: Client) -> None:
    """Whether each proxy is connected and has accepted everything it was sent.

    PROXY is NAME or NAMESPACE/NAME; without it, all are listed. What a proxy refused is shown in full.
    """
    proxies = client.get("/tulle/v1/proxies", Proxies).proxies
    if proxy:
        wanted = str(pick_workload(proxy, _refs(proxies), "proxy"))
        proxies = tuple(p for p in proxies if p.name == wanted)
    if output != "table":
        print_as(output, {"proxies": [msgspec.to_builtins(p) for p in proxies]})
        return
    now = datetime.now(UTC).timestamp()
    print_table(HEADERS, [row_of(p, now) for p in proxies])
    for found in proxies:
        for refusal in found.refused:
            click.echo(f"{found.name} refused {refusal_text(refusal)}")
        for problem in found.problems:
            click.echo(f"{found.name} is kept back: {problem}")


@command.command("config")
@click.argument("proxy")
@output_option("yaml", "json", default="yaml")
@server_option
def config(proxy: str, output: str, client: Client) -> None:
    """The Envoy resources a proxy was sent, by type and name. PROXY is NAME or NAMESPACE/NAME."""
    ref = pick_workload(proxy, _refs(client.get("/tulle/v1/proxies", Proxies).proxies), "proxy")
    found = client.get(f"/tulle/v1/proxies/{ref.namespace}/{ref.name}/config", dict)
    print_as(output, cast(object, found))


@command.command("restart")
@click.argument("proxies", nargs=-1, required=True, metavar="PROXY...")
@server_option
def restart(proxies: tuple[str, ...], client: Client) -> None:
    """Replace the Envoy of each PROXY by a new one, without losing a request.

    The new one takes over the sockets and serves before the old one drains. Returns when it serves; if it never
    does, the old one goes on and the exit code is 1. PROXY is NAME or NAMESPACE/NAME.
    """
    known = _refs(client.get("/tulle/v1/proxies", Proxies).proxies)
    for ref in [pick_workload(proxy, known, "proxy") for proxy in proxies]:
        path = f"/tulle/v1/proxies/{ref.namespace}/{ref.name}/replace"
        replaced = client.post(path, {}, Replaced, wait_s=_REPLACE_S)
        click.echo(f"{replaced.proxy} is served by a new Envoy {replaced.version}")


def row_of(proxy: Proxy, now: float) -> tuple[str, ...]:
    """A proxy as cells under `HEADERS`."""
    return (
        proxy.name,
        proxy.account,
        "yes" if proxy.connected else "NO",
        "yes" if proxy.in_sync else "NO",
        str(len(proxy.refused)) if proxy.refused else "-",
        certificate_text(proxy.certificate_not_after, now),
        proxy.version or "-",
    )


def certificate_text(not_after: float | None, now: float) -> str:
    """How long its certificate is still good."""
    if not_after is None:
        return "-"
    return f"{age_text(not_after - now)} left" if not_after > now else "EXPIRED"


def refusal_text(refusal: Refusal) -> str:
    """What it was and what the proxy said."""
    return f"{refusal.resource}: {refusal.detail}"


def _refs(proxies: tuple[Proxy, ...]) -> list[WorkloadRef]:
    return [_ref(proxy.name) for proxy in proxies]


def _ref(name: str) -> WorkloadRef:
    namespace, slash, rest = name.partition("/")
    if not slash:
        hint = "are `tulle` and the server of the same version? `tulle version` says"
        raise CliError(f"the server names a proxy {name!r}", hint, "server-answers-strangely")
    return WorkloadRef(namespace, rest)
