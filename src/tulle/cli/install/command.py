"""`tulle install host` and `tulle uninstall host`: a plan, shown or done."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tulle.cli.errors import CliError, ProblemsFound
from tulle.cli.install import machine, manifest, services
from tulle.cli.install.plan import Plan, Wishes, check, plan

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("/"),
    show_default=True,
    help="Another root, for images of machines: nothing is started or stopped then.",
)


@click.group("install")
def command() -> None:
    """Make Tulle a part of this machine."""


@click.group("uninstall")
def uninstall() -> None:
    """Take away what `tulle install` made."""


@command.command("host")
@click.option(
    "--server", is_flag=True, help="The control plane too, and not the host's agent alone."
)
@click.option(
    "--join", default="", metavar="HOST[:PORT]", help="Where its workloads join: the control plane."
)
@click.option(
    "--listen",
    default="",
    metavar="IP",
    help="With --server: where it is reached.  [default: 127.0.0.1]",
)
@click.option(
    "--python",
    default=sys.executable,
    metavar="PATH",
    show_default="the one that runs this",
    help="Which Python runs Tulle there, for images of machines.",
)
@click.option("--no-start", is_flag=True, help="Only write; the services begin with the machine.")
@click.option("--dry-run", is_flag=True, help="Print what would be written.")
@root_option
def install_host(  # noqa: PLR0913, PLR0917 - one for each option
    server: bool, join: str, listen: str, python: str, no_start: bool, dry_run: bool, root: Path
) -> None:
    """Install the host's agent as a service of systemd, and start it.

    Run again it changes what is different, and nothing else; settings in /etc/tulle that you changed stay. What it
    wrote is noted in /etc/tulle/installed.json, and `tulle uninstall host` takes exactly that away.
    """
    _check_platform()
    wishes = Wishes(python, server, join, listen)
    if listen and not server:
        raise click.UsageError("--listen is about the control plane: say --server too")
    if problems := list(check(wishes)):
        raise ProblemsFound(problems, "nothing was written")
    made = plan(wishes)
    if dry_run:
        _show(made)
        return
    with _explained(root):
        for line in machine.write(made, root):
            click.echo(line)
    if root == Path("/") and not no_start:
        running = services.is_running()
        say = services.start(made.services) if running else services.by_hand(made.services)
        for line in say:
            click.echo(line)


@uninstall.command("host")
@click.option(
    "--purge",
    is_flag=True,
    help="Also keys, certificates, the server's store, and settings you changed.",
)
@root_option
def uninstall_host(purge: bool, root: Path) -> None:
    """Drain and stop the services, and take away everything `tulle install host` wrote.

    Keys and stores stay in /var/lib/tulle and /var/lib/tulle-server, for another install to go on with, unless you
    say --purge: then nothing of Tulle is left on this machine but the program itself.
    """
    found = manifest.read(root)
    if found is None:
        raise CliError(
            f"nothing is installed at {root}", "`tulle install host` does it", "not-installed"
        )
    names = [Path(link).name for link in found.links]
    with _explained(root):
        if root == Path("/"):
            _say(services.stop(names))
        _say(machine.remove(found, root, purge=purge))
        if root == Path("/"):
            _say(services.after_removal())


def _show(made: Plan) -> None:
    for folder in made.folders:
        click.echo(f"# folder {folder}")
    for file in made.files:
        click.echo(f"\n# file {file.path} (mode {file.mode:o})\n{file.content.rstrip()}")
    click.echo()
    for link in made.links:
        click.echo(f"# link {link.path} -> {link.target}")


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _check_platform() -> None:
    if sys.platform != "linux":
        raise CliError(
            "installing a host's agent needs Linux and systemd",
            "`tulle run` is an agent itself everywhere",
            "needs-linux",
        )


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as exc:
        hint = "run it as root" if os.geteuid() else "look at the mode and the attributes of it"
        raise CliError(f"{exc.filename}: {exc.strerror}", hint, "not-allowed") from exc
    except OSError as exc:
        hint = f"mend it and run this again: what was written below {root} is noted"
        raise CliError(f"{exc.filename}: {exc.strerror}", hint, "file-unwritable") from exc
