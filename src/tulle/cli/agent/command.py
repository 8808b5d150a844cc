"""`tulle agent`: the host's agent. A shell around `tulle.agent.host`, which does the work.

SIGTERM and Ctrl-C end the agent alone: proxies and programs go on, and the next agent goes on with them.
"""

import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from tulle.cli.agent.inspection import end, status
from tulle.cli.errors import CliError, ProblemsFound, error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tulle.agent.host.agent import HostAgent, Say
    from tulle.agent.host.settings import HostSettings
    from tulle.ops.notify import Notifier


@click.group("agent", invoke_without_command=True)
@click.option(
    "--socket", metavar="PATH", help="Where workloads come.  [default: /run/tulle/agent.sock]"
)
@click.option("--state-dir", metavar="DIR", help="Its book, and keys of workloads, 0700.")
@click.option(
    "--workloads",
    metavar="DIR",
    help="Files of workloads that run already.  [default: /etc/tulle/workloads.d]",
)
@click.option("--server", metavar="HOST[:PORT]", help="The join address, for files that name none.")
@click.option("--group", metavar="NAME", help="Whose members may use the socket, beside its owner.")
@click.option(
    "--take-over", is_flag=True, help="Replace the agent that runs, without dropping traffic."
)
@click.option(
    "--log-level",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    envvar="TULLE_LOG_LEVEL",
    show_default=True,
    help="The least severe messages that are written.",
)
@click.option(
    "--log-format",
    type=click.Choice(("human", "json")),
    default="human",
    envvar="TULLE_LOG_FORMAT",
    show_default=True,
    help="How.",
)
@click.pass_context
def command(
    context: click.Context, /, log_level: str, log_format: str, **flags: "str | bool | None"
) -> None:
    """Carry all workloads of this host: their identities, proxies and lines to the control plane.

    `tulle run` joins it by itself; programs that run already are declared by files. Proxies and programs outlive
    the agent: killed, restarted or replaced (--take-over), it goes on where it stopped.

    Without root it is the agent of one user, at $XDG_RUNTIME_DIR/tulle/agent.sock.
    """
    if context.invoked_subcommand is None:
        settings = _settings(flags, os.environ)
        _run(settings, log_level, log_format)


command.add_command(status)
command.add_command(end)


def _settings(
    flags: "Mapping[str, str | bool | None]", environ: "Mapping[str, str]"
) -> "HostSettings":
    from tulle.agent.host.settings import HostSettings, host_settings

    if sys.platform != "linux":
        raise CliError(
            "an agent for a whole host needs Linux: elsewhere processes cannot be recognised for sure",
            "`tulle run` is an agent itself everywhere",
            "needs-linux",
        )
    settings = host_settings(flags, environ, os.getuid())
    if isinstance(settings, HostSettings):
        return settings
    raise ProblemsFound(settings, "nothing was started")


def _run(settings: "HostSettings", log_level: str, log_format: str) -> None:
    # gRPC's C core logs refused handshakes on stderr; what matters of them is said as notices.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Its fork handlers would shut our connections in the moment between a program's fork and its exec.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Names mean what the system says they mean: its hosts file, its order of asking.
    os.environ.setdefault("GRPC_DNS_RESOLVER", "native")
    import uvloop

    from tulle.agent.errors import AgentError, first_agent_error
    from tulle.ops import logs

    logs.setup(log_level, "json" if log_format == "json" else "human", sys.stderr, os.environ)
    try:
        uvloop.run(_main(settings))
    except (AgentError, BaseExceptionGroup) as error:
        found = first_agent_error(error)
        if found is None:
            raise
        raise error_of(found.problem) from error


async def _main(settings: "HostSettings") -> None:
    import asyncio
    import time

    from tulle.agent.host.agent import Going, HostAgent
    from tulle.ops.notify import Notifier

    notifier = Notifier(os.environ)
    clock = time.time  # noqa: TID251 - here a clock is chosen
    say = _sayer()

    def ready() -> None:
        say("", f"workloads come to {settings.socket}")
        notifier.ready(f"carries workloads at {settings.socket}")

    agent = HostAgent(settings, clock, say, ready)
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, agent.go, Going.HANDED_OVER)
    loop.add_signal_handler(signal.SIGHUP, agent.reload)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_stay_alive(notifier), name="watchdog")
        await _until_gone(agent, notifier)
        watching.cancel()


async def _until_gone(agent: "HostAgent", notifier: "Notifier") -> None:
    from tulle.agent.host.agent import Going

    how = await agent.run()
    going_on = how is Going.HANDED_OVER
    notifier.stopping("proxies and programs go on" if going_on else "everything is drained")


async def _stay_alive(notifier: "Notifier") -> None:
    import asyncio

    while notifier.watchdog_s is not None:
        notifier.alive()
        await asyncio.sleep(notifier.watchdog_s)


def _sayer() -> "Say":
    import logging

    log = logging.getLogger("tulle.agent")

    def say(about: str, text: str) -> None:
        log.info(text, extra={"workload": about} if about else None)

    return say
