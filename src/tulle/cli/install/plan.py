"""What installing writes, as values; and what is in the way of it. Pure."""

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tulle.cli.install.units import AGENT, SERVER, TARGET, agent_unit, server_unit
from tulle.model.problems import Problem

UNITS = PurePosixPath("/etc/systemd/system")
CONFIG = PurePosixPath("/etc/tulle")
MANIFEST = CONFIG / "installed.json"

STATE = (
    PurePosixPath("/var/lib/tulle"),
    PurePosixPath("/var/lib/tulle-server"),
    # Where systemd really keeps the state of a service with a dynamic user.
    PurePosixPath("/var/lib/private/tulle-server"),
    PurePosixPath("/run/tulle"),
    PurePosixPath("/run/tulle-server"),
)
"""What the services make for themselves. The folders around are not ours."""

_JOIN_PORT, _XDS_PORT = 15010, 15012


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `join` is the control plane's address for the agent, `listen` where the server listens."""

    python: str
    server: bool = False
    join: str = ""
    listen: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file to write. `yours` may be changed by whoever runs the machine, and is left alone then."""

    path: PurePosixPath
    content: str
    mode: int = 0o644
    yours: bool = False

    @property
    def digest(self) -> str:
        """What tells whether somebody changed it."""
        return digest(self.content.encode())


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link: how systemd knows that a service is to be started with the machine."""

    path: PurePosixPath
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is written, in order."""

    folders: tuple[PurePosixPath, ...]
    files: tuple[File, ...]
    links: tuple[Link, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The units, in the order they are started."""
        return tuple(link.path.name for link in self.links)


def digest(content: bytes) -> str:
    """Of a file's content."""
    return hashlib.sha256(content).hexdigest()


def plan(wishes: Wishes) -> Plan:
    """What the wishes mean on a machine."""
    units = list(_units(wishes))
    wants = UNITS / f"{TARGET}.wants"
    return Plan(
        folders=(CONFIG, CONFIG / "workloads.d", UNITS, wants),
        files=(*units, *_settings(wishes)),
        links=tuple(Link(wants / unit.path.name, str(unit.path)) for unit in units),
    )


def check(wishes: Wishes) -> Iterator[Problem]:
    """What would keep the services from running."""
    python = PurePosixPath(wishes.python)
    if any(char.isspace() or char in "%$\"'\\" for char in wishes.python):
        yield Problem(
            "",
            "python-path-odd",
            f"systemd cannot run {shlex.quote(wishes.python)}: its path has blanks or signs of systemd's own",
            "install Tulle in a folder with a plain name, such as /opt/tulle",
        )
    homes = [PurePosixPath(home) for home in ("/home", "/root", "/run/user")]
    if wishes.server and any(python.is_relative_to(home) for home in homes):
        yield Problem(
            "",
            "python-in-home",
            f"the server's user cannot reach {python}: it is in somebody's home",
            "install Tulle where everybody may read it, such as /opt/tulle, and run its `tulle install host`",
        )


def _units(wishes: Wishes) -> Iterator[File]:
    if wishes.server:
        yield File(UNITS / SERVER, server_unit(wishes.python))
    yield File(UNITS / AGENT, agent_unit(wishes.python))


def _settings(wishes: Wishes) -> Iterator[File]:
    """Variables of the services, 0600: somebody may put a token there."""
    if wishes.server:
        told = [
            "# Flags of `tulle server`, as variables: TULLE_TRUST_DOMAIN=shop.example and the like."
        ]
        if wishes.listen:
            host = f"[{wishes.listen}]" if ":" in wishes.listen else wishes.listen
            told.append(f"TULLE_JOIN_ADDRESS={host}:{_JOIN_PORT}")
            told.append(f"TULLE_XDS_ADDRESS={host}:{_XDS_PORT}")
        yield File(CONFIG / "server.env", _text(told), 0o600, yours=True)
    told = ["# Flags of `tulle agent`, as variables. Workloads are declared in workloads.d."]
    if wishes.join:
        told.append(f"TULLE_JOIN_ADDRESS={wishes.join}")
    yield File(CONFIG / "agent.env", _text(told), 0o600, yours=True)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
