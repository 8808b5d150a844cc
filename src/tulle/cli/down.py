"""`tulle down`: end what `tulle up` runs in another terminal."""

import contextlib
import os
import signal
import time
from pathlib import Path

import click

from tulle.cli.arguments import Seconds
from tulle.cli.errors import CliError, counted
from tulle.cli.up.place import running, sweep
from tulle.settings import state_home

LOOK_EVERY_S = 0.1


@click.command("down")
@click.option("--force", is_flag=True, help="Do not let requests in flight end first.")
@click.option(
    "--timeout",
    type=Seconds(),
    default="60s",
    show_default=True,
    help="How long to wait for the end.",
)
def command(force: bool, timeout: float) -> None:
    """End the mesh `tulle up` runs, as Ctrl-C in its terminal would; the programs end with it.

    It also takes away what runs left behind that were killed.
    """
    home = state_home(os.environ)
    swept = sweep(home)
    runs = dict(running(home))
    for pid in runs:
        _ask(pid, times=2 if force else 1)
    _wait(home, set(runs), timeout)
    if swept:
        click.echo(f"took away what {counted(swept, 'killed run')} had left")
    click.echo(f"ended {counted(len(runs), 'run')}" if runs else "nothing runs")


def _ask(pid: int, times: int) -> None:
    """A second signal means: do not wait for anybody."""
    for _ in range(times):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        time.sleep(LOOK_EVERY_S)


def _wait(home: Path, pids: set[int], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while left := pids & dict(running(home)).keys():
        if time.monotonic() > deadline:
            raise CliError(
                f"still running after {timeout_s:g} s: process {', '.join(map(str, sorted(left)))}",
                "`tulle down --force` does not wait for requests in flight",
                "still-running",
            )
        time.sleep(LOOK_EVERY_S)
