"""`tulle capture show`, `clean` and `plan`: shells around `agent.capture.inspection` and `capture.rulesets`."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, TypeVar

import click

from tulle.cli.errors import ProblemsFound, error_of
from tulle.cli.output import output_option, print_as, print_table

if TYPE_CHECKING:
    from tulle.capture.records import Standing

T = TypeVar("T")

HEADERS = ("WORKLOAD", "MODE", "STATE", "NETWORK", "PORTS", "REFUSED", "PROCESSES", "TABLE")


@click.group("capture")
def command() -> None:
    """See and clean up what `tulle run --capture` does to this host."""


@command.command("show")
@output_option("table", "json", "yaml")
def show(output: str) -> None:
    """Every capture on this host, also of agents that are gone. Needs root.

    REFUSED counts connections the rules turned away: of the program past its proxy, to the program past its proxy,
    and to the proxy's ports by anything but redirection. Everything about one: `nft list table inet TABLE`.
    """
    found = _run(_look())
    if output != "table":
        print_as(output, {"captures": [_object(standing) for standing in found]})
        return
    print_table(HEADERS, [_row(standing) for standing in found])


@command.command("clean")
@click.option("--workload", metavar="NAMESPACE/NAME", default="", help="Only this one's.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also where programs or agents still run: they are not captured any more.",
)
def clean(workload: str, everything: bool) -> None:
    """Take away the rules and control groups of agents that were killed. Needs root.

    Until then what they captured stays captured, and reaches nothing.
    """
    found = _run(_clean(workload, everything))
    for standing in found:
        click.echo(f"removed {_name(standing)} ({standing.state})")
    if not found:
        click.echo("nothing to clean")


@command.command("plan")
@click.option("--capture", metavar="MODE", default="cgroup", help="cgroup or netns.")
@click.option("-p", "--port", multiple=True, metavar="NAME=PORT", help="A port of the program.")
@click.option("--exclude-outbound-port", multiple=True, metavar="PORT", help="Repeat.")
@click.option("--exclude-outbound-cidr", multiple=True, metavar="RANGE", help="Repeat.")
@click.option("--exclude-user", multiple=True, metavar="NAME|ID", help="Repeat.")
@click.option("--exclude-group", multiple=True, metavar="NAME|ID", help="Repeat.")
@click.option("--exclude-inbound-port", multiple=True, metavar="PORT", help="Repeat.")
@click.option("--exclude-inbound-cidr", multiple=True, metavar="RANGE", help="Repeat.")
@click.option("--probe-port", multiple=True, metavar="PORT=PROGRAMPORT[/PATH]", help="Repeat.")
def plan(**flags: "str | tuple[str, ...]") -> None:
    """Print the rules `tulle run` would load with these flags, and change nothing. Needs no root.

    Address, proxy's ports, control groups and mark are stand-ins: a workload gets its own when it starts.
    """
    from tulle.agent.capture.sketches import sketch
    from tulle.agent.errors import AgentError
    from tulle.capture.rulesets import ruleset

    try:
        found = sketch(flags)
    except AgentError as error:
        raise error_of(error.problem) from error
    if isinstance(found, tuple):
        raise ProblemsFound(found)
    click.echo(ruleset(found), nl=False)


async def _look() -> "tuple[Standing, ...]":
    from tulle.agent.capture.inspection import look

    return await look()


async def _clean(workload: str, everything: bool) -> "tuple[Standing, ...]":
    from tulle.agent.capture import inspection
    from tulle.capture.records import to_clean

    found = await inspection.look()
    due = to_clean(found, workload=workload, everything=everything)
    await inspection.clean(due)
    return due


def _run(work: Coroutine[None, None, T]) -> T:
    import asyncio

    from tulle.agent.capture.captures import check_host
    from tulle.agent.errors import AgentError

    try:
        check_host()
        return asyncio.run(work)
    except AgentError as error:
        work.close()
        raise error_of(error.problem) from error


def _object(standing: "Standing") -> dict[str, object]:
    record, table = standing.record, standing.table
    return {
        "workload": record.workload if record else "",
        "mode": record.mode if record else "",
        "state": str(standing.state),
        "table": standing.name,
        "hasRules": table is not None,
        "namespace": record.namespace if record else 0,
        "namespacePath": record.namespace_path if record else "",
        "outboundPort": record.outbound_port if record else 0,
        "inboundPort": record.inbound_port if record else 0,
        "refused": {
            "outbound": table.refused_outbound if table else 0,
            "inbound": table.refused_inbound if table else 0,
            "atProxy": table.refused_at_proxy if table else 0,
        },
        "processes": standing.running,
        "stateDir": record.state_dir if record else "",
    }


def _row(standing: "Standing") -> tuple[str, ...]:
    record, table = standing.record, standing.table
    refused = (
        (table.refused_outbound, table.refused_inbound, table.refused_at_proxy) if table else ()
    )
    return (
        _name(standing),
        record.mode if record else "-",
        str(standing.state),
        (record.namespace_path or "its own host's") if record else "-",
        f"{record.outbound_port},{record.inbound_port}" if record else "-",
        "/".join(map(str, refused)) or "-",
        str(standing.running),
        standing.name,
    )


def _name(standing: "Standing") -> str:
    return standing.record.workload if standing.record else f"the unrecorded {standing.name}"
