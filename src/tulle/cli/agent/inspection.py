"""`tulle agent status` and `tulle agent end`: questions to the agent of this host."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tulle.cli.errors import CliError
from tulle.cli.output import age_text, output_option, print_as, print_table

if TYPE_CHECKING:
    from tulle.agent.host.frames import FromHost, HostFrame
    from tulle.agent.host.reports import Carries, HostReport

HEADERS = ("WORKLOAD", "STATE", "RUN BY", "PROXY", "MTLS PORT", "CERTIFICATE", "CAPTURE")

socket_option = click.option(
    "--socket", metavar="PATH", help="The agent's.  [default: the one `tulle run` would join]"
)


@click.command("status")
@output_option("table", "json", "yaml")
@socket_option
def status(output: str, socket: str | None) -> None:
    """The workloads this host's agent carries, with their proxies and certificates.

    A user sees its own; root and the agent's own user see all.
    """
    import msgspec

    from tulle.agent.host.frames import Ask, Report

    answer = _ask(socket, Ask())
    if not isinstance(answer, Report):
        raise CliError("the agent hung up", "try again", "agent-unreachable")
    if output != "table":
        print_as(output, msgspec.to_builtins(answer.host))
        return
    _show(answer.host)


@click.command("end")
@socket_option
def end(socket: str | None) -> None:
    """Drain every workload, end their proxies, then the agent. Programs below `tulle run` are ended too."""
    from tulle.agent.host.frames import Denied, End

    answer = _ask(socket, End())
    if isinstance(answer, Denied):
        raise CliError(answer.message, answer.hint, answer.code)
    click.echo("the agent has ended")


def _ask(socket: str | None, question: "HostFrame") -> "FromHost | None":
    import asyncio

    from tulle.agent.host.client import ask
    from tulle.agent.host.settings import find_socket, own_socket

    path = Path(socket).absolute() if socket else find_socket(os.environ, os.getuid())
    where = path or own_socket(os.environ, os.getuid())
    try:
        return asyncio.run(ask(where, question))
    except OSError as error:
        raise CliError(
            f"no agent answers at {where}: {error.strerror or str(error) or 'it hangs'}",
            "start it with `tulle agent`, or name its socket: --socket, TULLE_AGENT",
            "agent-unreachable",
        ) from error


def _show(host: "HostReport") -> None:
    now = datetime.now(UTC).timestamp()
    memory = f", {host.memory / 2**20:.0f} MB" if host.memory else ""
    up = age_text(now - host.since)
    click.echo(f"agent {host.version}, process {host.pid}, up {up}{memory}, at {host.socket}")
    if host.workloads:
        print_table(HEADERS, [row_of(workload, now) for workload in host.workloads])
    for workload in host.workloads:
        if workload.error:
            click.echo(f"{workload.name}: {workload.error}")


def row_of(workload: "Carries", now: float) -> tuple[str, ...]:
    """One workload as cells."""
    state: str = workload.phase
    if state == "serving":
        state = "takes traffic" if workload.healthy else f"no traffic: {workload.reason or 'ill'}"
    ends = workload.certificate_ends
    return (
        workload.name,
        "failed" if workload.error else state,
        f"process {workload.owner}" if workload.owner else workload.source or "-",
        str(workload.proxy_pid or "-"),
        str(workload.mtls_port or "-"),
        f"{age_text(ends - now)} left" if ends else "-",
        workload.capture or "none",
    )
