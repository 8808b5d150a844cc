"""`tulle bug-report`: the parts in order, each told as it is taken, none able to keep the others from it."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from tulle.cli.client import Client, server_option
from tulle.cli.report import machine, mesh, states
from tulle.cli.report.bundle import Bundle, new_bundle
from tulle.cli.report.found import Found
from tulle.cli.report.redaction import Redactor

LONGEST_S = 90.0
"""When no further part is begun."""

T = TypeVar("T")

_TELLING = ("token", "secret", "password", "passphrase", "credential", "_key")
_SHORTEST_VALUE = 8
"""Of variables that are called like secrets: shorter values are words that stand everywhere."""

_EVERYWHERE = (Path("/var/lib/tulle"), Path("/run/tulle"))


@dataclass(frozen=True, slots=True)
class Part:
    """Something to take, and how it is called on the way."""

    title: str
    take: Callable[[], Iterable[Found]]


@click.command("bug-report")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The new file.  [default: tulle-report-TIME.tar.gz here]",
)
@click.option(
    "--state-dir",
    "state_dirs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where else agents or servers keep their state. May be repeated.",
)
@server_option
def command(out: Path | None, state_dirs: tuple[Path, ...], client: Client) -> None:
    """Gather what helps to find a fault into one file (0600), with no secret in it.

    Versions, what `tulle check` says, resources without what Secrets hold, what proxies were sent and what the
    Envoys of this machine say, the ends of logs, and the machine's network, disks and rules of ours. Nothing is
    changed, nothing is sent anywhere: look through it before you hand it on.
    """
    now = datetime.now(UTC)
    path = out or Path(f"tulle-report-{now:%Y%m%d-%H%M%S}.tar.gz")
    places = states.folders(_roots(state_dirs))
    unasked: list[str] = []
    redactor = Redactor.of(_secrets(client, places, unasked))
    with new_bundle(path, redactor, now.timestamp()) as bundle:
        bundle.omitted += unasked
        _gather(bundle, _parts(client, places))
        bundle.add("omitted.txt", "".join(f"{line}\n" for line in bundle.omitted))
    size = path.stat().st_size
    click.echo(f"{path}: {size / 1024:.0f} KB; look through it before you hand it on")


def _parts(client: Client, places: tuple[Path, ...]) -> tuple[Part, ...]:
    return (
        Part("versions", lambda: machine.versions(os.environ)),
        Part("checks", lambda: _checks(client)),
        Part("what the server says", lambda: mesh.ends(client)),
        Part("resources", lambda: mesh.resources(client)),
        Part("configurations of proxies", lambda: mesh.configurations(client)),
        Part("Envoys of this machine", lambda: states.proxies(places)),
        Part("logs", lambda: states.logs(places)),
        Part("journal", machine.journals),
        Part("state folders", lambda: states.contents(places)),
        Part("this machine", machine.facts),
    )


def _gather(bundle: Bundle, parts: Iterable[Part]) -> None:
    began = time.monotonic()
    for part in parts:
        if time.monotonic() - began > LONGEST_S:
            bundle.omitted.append(f"{part.title}: it took too long already")
            continue
        click.echo(f"{part.title} …", err=True, nl=False)
        count = 0
        for found in _without_failing(part.title, part.take, bundle.omitted):
            bundle.add(found.name, found.content)
            count += 1
            if time.monotonic() - began > LONGEST_S:
                bundle.omitted.append(f"{part.title}: the rest, it took too long already")
                break
        click.echo(f" {count}", err=True)


def _without_failing(
    title: str, take: Callable[[], Iterable[T]], omitted: list[str] | None = None
) -> Iterator[T]:
    """What a part gives until it fails: no server, no right to read, whatever it is."""
    try:
        yield from take()
    except (click.ClickException, OSError, ValueError) as exc:
        said = exc.message if isinstance(exc, click.ClickException) else str(exc)
        if omitted is not None:
            omitted.append(f"{title}: {said}")


def _checks(client: Client) -> Iterator[Found]:
    from tulle.cli.inspection.check import here, there

    lines = [f"{r.status:<5} {r.name}: {r.message} {r.hint}" for r in (*here(), *there(client))]
    yield Found("check.txt", "\n".join([*lines, ""]))


def _secrets(client: Client, places: tuple[Path, ...], unasked: list[str]) -> Iterator[bytes]:
    """Every secret that can be known here; `unasked` gets what could not be asked."""
    yield from states.secrets(places)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_VALUE and any(word in name.lower() for word in _TELLING):
            yield value.encode(errors="surrogateescape")
    try:
        yield from mesh.secrets(client)
    except click.ClickException as exc:
        told = "only what looks like a secret, or is one of this machine, was taken out"
        unasked.append(f"the mesh's Secrets are not known ({exc.message}): {told}")


def _roots(more: tuple[Path, ...]) -> tuple[Path, ...]:
    from tulle.settings import state_home

    named = [
        Path(os.environ[name])
        for name in ("TULLE_DATA_DIR", "TULLE_STATE_DIR")
        if os.environ.get(name)
    ]
    roots = (state_home(os.environ), *named, *_EVERYWHERE, *more)
    return tuple(dict.fromkeys(root for root in roots if root.is_dir()))
