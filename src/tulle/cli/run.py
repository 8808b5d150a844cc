"""`tulle run`: one agent beside one program. A shell around `tulle.agent`, which does the work.

Signals belong to the process, so they are taken here: SIGTERM and SIGINT make the workload leave the mesh
first, and then end the program; others are only passed on to it.
"""

import os
import signal
import sys
from typing import TYPE_CHECKING, assert_never

import click

from tulle.cli.errors import ProblemsFound, error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tulle.agent.events import AgentEvent
    from tulle.agent.host.client import HostsAgent
    from tulle.settings import AgentSettings

_LEAVING = (signal.SIGTERM, signal.SIGINT)
_PASSED_ON = (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)

_OPTIONS = {"ignore_unknown_options": False, "allow_interspersed_args": False}


@click.command("run", context_settings=_OPTIONS)
@click.option("--server", metavar="HOST[:PORT]", help="The control plane's join address.")
@click.option("--token-file", metavar="FILE", help="The join token; needed the first time only.")
@click.option("--service-account", metavar="NAME", help="Who the workload is.  [default: default]")
@click.option("-n", "--namespace", metavar="NAME", help="Where it lives.  [default: default]")
@click.option(
    "-l", "--label", multiple=True, metavar="KEY=VALUE", help="What Services select it by. Repeat."
)
@click.option(
    "-p",
    "--port",
    multiple=True,
    metavar="NAME=PORT[/PROTOCOL]",
    help="A port the program listens on: http, http2, grpc or tcp. Repeat.",
)
@click.option(
    "--health",
    metavar="PROBE",
    help="http:/path, tcp or exec:COMMAND.  [default: tcp on the first port]",
)
@click.option(
    "-u",
    "--upstream",
    multiple=True,
    metavar="[NAMESPACE/]NAME:PORT[=LOCALPORT]",
    help="A Service the program calls, on a loopback port named in its environment. Repeat.",
)
@click.option(
    "--http-proxy",
    is_flag=False,
    flag_value="any",
    metavar="[=PORT]",
    help="Reach upstreams by name too: sets HTTP_PROXY and NO_PROXY for the program.",
)
@click.option(
    "--capture",
    metavar="MODE",
    help="none, cgroup (this program) or netns (all of a network namespace).  [default: none]",
)
@click.option("--netns", metavar="NAME|PATH", help="The network namespace to capture.")
@click.option(
    "--cgroup",
    metavar="PATH",
    help="The control group to capture, of a program that runs already: system.slice/nginx.service.",
)
@click.option(
    "--exclude-outbound-port", multiple=True, metavar="PORT", help="Not captured. Repeat."
)
@click.option(
    "--exclude-outbound-cidr", multiple=True, metavar="RANGE", help="Not captured. Repeat."
)
@click.option(
    "--exclude-user", multiple=True, metavar="NAME|ID", help="Whose calls are not captured. Repeat."
)
@click.option(
    "--exclude-group",
    multiple=True,
    metavar="NAME|ID",
    help="Whose calls are not captured. Repeat.",
)
@click.option(
    "--exclude-inbound-port",
    multiple=True,
    metavar="PORT",
    help="A port of the program everybody reaches without its proxy. Repeat.",
)
@click.option(
    "--exclude-inbound-cidr",
    multiple=True,
    metavar="RANGE",
    help="Who reaches all of its ports without its proxy. Repeat.",
)
@click.option(
    "--probe-port",
    multiple=True,
    metavar="PORT=PROGRAMPORT[/PATH]",
    help="Where probes without identity may GET one path of the program. Repeat.",
)
@click.option(
    "--dns",
    metavar="MODE",
    help="Answer names of the mesh: port, resolv-conf, host or redirect.  [default: redirect where captured, else off]",
)
@click.option("--dns-port", metavar="PORT", help="Answer them there.  [default: any free port]")
@click.option("--address", metavar="IP", help="Where other hosts reach this one.")
@click.option("--region", metavar="NAME", help="Where this host stands.")
@click.option("--zone", metavar="NAME", help="Where in the region it stands.")
@click.option("--state-dir", metavar="DIR", help="Keys and last good configuration, 0700.")
@click.option("--working-dir", metavar="DIR", help="Where the program starts.")
@click.option("--drain", metavar="TIME", help="How long to wait for callers.  [default: 30s]")
@click.option(
    "--log-level", metavar="LEVEL", help="Of Envoy's log in the state folder: debug, info, …"
)
@click.option("--log-format", metavar="FORMAT", help="Of these lines: human or json.")
@click.option(
    "--agent",
    metavar="SOCKET",
    help="The host's agent that carries the workload.  [default: the one there is]",
)
@click.option("--no-agent", is_flag=True, help="Be the workload's agent, whether the host has one.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] [COMMAND]...")
def command(no_agent: bool, **flags: "str | tuple[str, ...] | None") -> None:
    """Run COMMAND as a workload of a mesh, beside a proxy of its own; without COMMAND, the proxy alone.

    The program starts when the proxy is ready and finds its upstreams in its environment: for
    `--upstream reviews:80` that is REVIEWS_ADDR, REVIEWS_HOST and REVIEWS_PORT; $(REVIEWS_ADDR) in COMMAND
    stands for it too. The exit code is the program's.

    SIGTERM and Ctrl-C let the workload leave the mesh, wait for its callers up to --drain, and only then end
    the program; a second one does not wait.

    Where the host has an agent (`tulle agent`), that carries the workload, and program and proxy outlive it;
    else this is an agent itself.
    """
    environ = dict(os.environ)
    settings = _settings(flags, environ)
    host = None if no_agent else _hosts_agent(settings, flags, environ)
    sys.exit(_run(settings, environ, host))


def _settings(
    flags: "Mapping[str, str | tuple[str, ...] | None]", environ: "Mapping[str, str]"
) -> "AgentSettings":
    from tulle.settings import AgentSettings, agent_settings

    settings = agent_settings(flags, environ)
    if isinstance(settings, AgentSettings):
        return settings
    raise ProblemsFound(settings, "nothing was started")


def _hosts_agent(
    settings: "AgentSettings",
    flags: "Mapping[str, str | tuple[str, ...] | None]",
    environ: "Mapping[str, str]",
) -> "HostsAgent | None":
    """The agent that may carry the workload; whether it answers is seen when it is called."""
    from pathlib import Path

    from tulle.agent.host.settings import find_socket

    named = flags.get("agent")
    socket = Path(str(named)).absolute() if named else find_socket(environ, os.getuid())
    if socket is None:
        return None
    from tulle.agent.host.client import HostsAgent, Introduction
    from tulle.agent.host.words import shared

    chose = bool(flags.get("state_dir") or environ.get("TULLE_STATE_DIR"))
    said = Introduction(
        words=shared(flags, environ),
        state_dir=settings.state_dir,
        chose_folder=chose,
        token_file=settings.token_file,
    )
    return HostsAgent(socket, said, must_answer=bool(named or environ.get("TULLE_AGENT")))


def _run(settings: "AgentSettings", environ: "Mapping[str, str]", host: "HostsAgent | None") -> int:
    # gRPC's C core logs refused handshakes on stderr; what matters of them is said as notices.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Its fork handlers would shut our connections in the moment between a program's fork and its exec.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Names mean what the system says they mean: its hosts file, its order of asking.
    os.environ.setdefault("GRPC_DNS_RESOLVER", "native")
    import uvloop

    from tulle.agent.errors import AgentError

    try:
        return uvloop.run(_main(settings, environ, host))
    except AgentError as error:
        error_of(error.problem).show()
        return error.exit_code


async def _main(
    settings: "AgentSettings", environ: "Mapping[str, str]", host: "HostsAgent | None"
) -> int:
    import asyncio
    import time

    from tulle.agent.agent import Agent

    say = _sayer(settings, environ)
    clock = time.time  # noqa: TID251 - here a clock is chosen
    if host and not await host.answers(say):
        host = None
    agent = Agent(settings, clock, environ, lambda event: _show(event, say), host=host)
    loop = asyncio.get_running_loop()
    for signum in _LEAVING:
        loop.add_signal_handler(signum, agent.stop, signum)
    for signum in _PASSED_ON:
        loop.add_signal_handler(signum, agent.forward, signum)
    return await agent.run()


def _show(event: "AgentEvent", say: "Callable[[str], None]") -> None:
    from tulle.agent.events import (
        Exited,
        HealthChanged,
        Joined,
        Notice,
        Output,
        ProxyReady,
        Started,
    )

    match event:
        case Notice(text=text):
            say(text)
        case Joined(workload=workload, cached=cached):
            say(f"{workload}" + (", with its certificate of last time" if cached else " joined"))
        case ProxyReady(upstreams=upstreams, http_proxy_port=by_name):
            for bound in upstreams:
                to = f"{bound.namespace}/{bound.service}:{bound.port}"
                say(f"127.0.0.1:{bound.local_port} leads to {to}")
            if by_name:
                say(f"http://127.0.0.1:{by_name} leads to them by name (HTTP_PROXY)")
        case HealthChanged(healthy=healthy, reason=reason):
            say("takes traffic" if healthy else f"takes no traffic: {reason}")
        case Started() | Output() | Exited():
            pass  # the program shows that itself
        case _:
            assert_never(event)


def _sayer(settings: "AgentSettings", environ: "Mapping[str, str]") -> "Callable[[str], None]":
    """How sentences reach people: on stderr, for stdout is the program's."""
    import logging

    from tulle.ops import logs

    if settings.log_format != "json":
        # Sentences are printed as they are; what is asked for at run time comes through the log.
        logs.setup("warning", "human", sys.stderr, environ)
    else:
        logs.setup(settings.log_level, settings.log_format, sys.stderr, environ)
        return logging.getLogger(__name__).info
    # What Envoy and the control plane say is quoted here: it must neither break lines nor show secrets.
    return lambda text: click.echo(f"tulle: {logs.one_line(logs.redact(text))}", err=True)
