"""`tulle version`: which versions are at work."""

import platform

import click

from tulle import __version__


@click.command("version")
@click.option(
    "--server",
    is_flag=False,
    flag_value="",
    metavar="[SOCKET]",
    help="Ask the server too: the one at SOCKET, or without it the one commands talk to by default.",
)
@click.option("-o", "--output", type=click.Choice(("text", "json", "yaml")), default="text")
def command(server: str | None, output: str) -> None:
    """Versions of this program and, when asked for, of the server."""
    versions = {"tulle": __version__, "python": platform.python_version()}
    if server is not None:
        versions["server"] = _server_version(server)
    if output == "text":
        for name, version in versions.items():
            click.echo(f"{name:<7} {version}")
        return
    from tulle.cli.output import print_as

    print_as(output, versions)


def _server_version(socket: str) -> str:
    # Asking costs time to start: only those who ask pay it.
    from tulle.cli.answers import ServerVersion
    from tulle.cli.client import Client, default_server

    return Client(socket or default_server()).get("/tulle/v1/version", ServerVersion).version
