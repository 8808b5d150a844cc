"""`tulle server`: the control plane as a process. A shell around `tulle.main`, which wires it.

SIGTERM and Ctrl-C stop it cleanly; being killed costs nothing either: what was acknowledged is on the disk.
"""

import os
import sys
from typing import TYPE_CHECKING

import click

from tulle.cli.errors import ProblemsFound, error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tulle.main import Running
    from tulle.settings import ServerSettings


@click.command("server")
@click.option(
    "--data-dir",
    metavar="DIR",
    help="Store and certificate authority, 0700.  [default: ~/.local/state/tulle]",
)
@click.option("--api-socket", metavar="PATH", help="Where `tulle` commands find it, 0600.")
@click.option(
    "--api-address",
    metavar="HOST[:PORT]",
    help="Where kubectl finds it, over TLS with a token; none for nowhere.  "
    "[default: 127.0.0.1:15013, if that is free]",
)
@click.option(
    "--api-loopback-address",
    metavar="HOST[:PORT]",
    help="Where programs of this machine find it without TLS, with the token.  [default: nowhere]",
)
@click.option(
    "--advertised-api-address",
    metavar="HOST[:PORT]",
    help="How clients reach --api-address, where that is another.",
)
@click.option(
    "--join-address",
    metavar="HOST[:PORT]",
    help="Where workloads join, with a token.  [default: 127.0.0.1:15010]",
)
@click.option(
    "--xds-address",
    metavar="HOST[:PORT]",
    help="Where they get configuration, with their certificate.  [default: 127.0.0.1:15012]",
)
@click.option(
    "--advertised-xds-address",
    metavar="HOST[:PORT]",
    help="How they reach --xds-address, where that is another than the one they joined by.",
)
@click.option(
    "--trust-domain", metavar="NAME", help="Of a new mesh; it stays.  [default: mesh.local]"
)
@click.option(
    "--log-level", metavar="LEVEL", help="debug, info, warning or error.  [default: info]"
)
@click.option("--log-format", metavar="FORMAT", help="human or json.  [default: human]")
def command(**flags: "str | None") -> None:
    """Run the control plane in this terminal; Ctrl-C or SIGTERM ends it.

    It keeps everything in --data-dir: started there a second time, it continues. Workloads go on without it,
    and come back to it by themselves. Every flag may also come from the environment (TULLE_DATA_DIR, …).
    """
    settings = _settings(flags, os.environ)
    _run(settings, os.environ)


def _settings(flags: "Mapping[str, str | None]", environ: "Mapping[str, str]") -> "ServerSettings":
    from tulle.settings import ServerSettings, server_settings

    settings = server_settings(flags, environ)
    if isinstance(settings, ServerSettings):
        return settings
    raise ProblemsFound(settings, "nothing was started")


def _run(settings: "ServerSettings", environ: "Mapping[str, str]") -> None:
    # gRPC's C core logs every refused handshake on stderr by itself; ours says who was refused and why.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Its fork handlers would shut our connections in the moment between a program's fork and its exec.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Names mean what the system says they mean: its hosts file, its order of asking.
    os.environ.setdefault("GRPC_DNS_RESOLVER", "native")
    import uvloop

    from tulle.main import problem_of
    from tulle.ops import logs

    logs.setup(settings.log_level, settings.log_format, sys.stderr, environ)
    try:
        uvloop.run(_main(settings))
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        raise error_of(problem) from error


async def _main(settings: "ServerSettings") -> None:
    import asyncio
    import signal

    from tulle.main import run_control_plane
    from tulle.ops.notify import Notifier

    notifier = Notifier(os.environ)

    def started(running: "Running") -> None:
        _say(running)
        notifier.ready(f"workloads join at {running.join_address}")

    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_control_plane(settings, started), name="control-plane")
        await stop.wait()
        notifier.stopping("what is acknowledged is on the disk")
        running.cancel()


def _say(running: "Running") -> None:
    lines = (
        f"workloads join at {running.join_address} and get configuration at {running.xds_address}",
        f"the API listens at {running.api_socket}{_for_kubectl(running)}",
    )
    for line in lines:
        click.echo(f"tulle server: {line}", err=True)


def _for_kubectl(running: "Running") -> str:
    if running.api_address is None:
        return ""
    return f" and, for kubectl, at https://{running.api_address} (`tulle kubeconfig`)"
