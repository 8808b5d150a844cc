"""`tulle log level`: what server, agents and proxies write into their logs, changed while they run."""

from collections import Counter
from collections.abc import Mapping, Sequence

import click

from tulle.cli.answers import LogLevels, Proxies
from tulle.cli.client import Client, server_option
from tulle.cli.output import output_option, print_as, print_table
from tulle.cli.picking import pick_workload
from tulle.model.names import WorkloadRef

SERVER = "server"
WAIT_S = 15.0


@click.group("log")
def command() -> None:
    """What server, agents and proxies write into their logs."""


@command.command("level")
@click.argument("target", default=SERVER)
@click.argument("levels", nargs=-1, metavar="[LEVEL | LOGGER=LEVEL]...")
@output_option("table", "json", "yaml")
@server_option
def level(target: str, levels: tuple[str, ...], output: str, client: Client) -> None:
    """Show log levels, or change them until the process they are of ends.

    TARGET is `server`, or a workload as NAME or NAMESPACE/NAME, wherever it runs. LEVEL alone is for all of it;
    for a workload LOGGER is `agent`, `envoy`, or one of Envoy's own such as `envoy.http` or `envoy.rbac`.

    \b
    tulle log level server debug
    tulle log level shop/web envoy.http=debug agent=debug
    """
    path, wanted = SERVER, _wanted(target, levels)
    if target == SERVER:
        path = "/tulle/v1/log-levels"
    else:
        ref = _workload(target, client)
        path = f"/tulle/v1/proxies/{ref.namespace}/{ref.name}/log-levels"
    if wanted:
        found = client.post(path, {"levels": wanted}, LogLevels, WAIT_S).levels
    else:
        found = client.get(path, LogLevels).levels
    if output == "table":
        print_table(("LOGGER", "LEVEL"), rows_of(found))
    else:
        print_as(output, {"levels": dict(found)})


def _wanted(target: str, levels: Sequence[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for word in levels:
        name, equals, value = word.partition("=")
        if equals:
            wanted[name] = value
        else:
            everything = (SERVER,) if target == SERVER else ("agent", "envoy")
            wanted |= dict.fromkeys(everything, word)
    return wanted


def _workload(name: str, client: Client) -> WorkloadRef:
    known = client.get("/tulle/v1/proxies", Proxies).proxies
    refs = [WorkloadRef(*proxy.name.partition("/")[::2]) for proxy in known]
    return pick_workload(name, refs, "proxy")


def rows_of(levels: Mapping[str, str]) -> list[tuple[str, str]]:
    """The level most of Envoy's loggers have in one line, and those that differ in their own."""
    ours = [(name, level) for name, level in levels.items() if not name.startswith("envoy.")]
    envoys = {name: level for name, level in levels.items() if name.startswith("envoy.")}
    if not envoys:
        return ours
    usual = Counter(envoys.values()).most_common(1)[0][0]
    return [*ours, ("envoy", usual), *((n, level) for n, level in envoys.items() if level != usual)]
