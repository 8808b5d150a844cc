"""What this machine is and how it is set up, as far as a mesh cares. Only looks."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tulle.cli.report.found import Found

LIMIT_S = 5.0

_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "addresses": ("ip", "-brief", "address"),
    "routes": ("ip", "route", "show", "table", "all"),
    "rules": ("ip", "rule", "show"),
    "listening": ("ss", "-Hlntu"),
    "disks": ("df", "-hT"),
    "inodes": ("df", "-i"),
    "units": ("systemctl", "--no-pager", "list-units", "tulle*"),
    "nft-tables": ("nft", "list", "tables"),
    "agent": (sys.executable, "-m", "tulle", "agent", "status"),
    "captures": (sys.executable, "-m", "tulle", "capture", "show"),
}
_FILES = (
    "/etc/os-release",
    "/etc/resolv.conf",
    "/proc/version",
    "/proc/meminfo",
    "/proc/loadavg",
    "/proc/mounts",
    "/proc/pressure/memory",
    "/proc/pressure/cpu",
    "/proc/net/sockstat",
    "/proc/sys/net/ipv4/ip_local_port_range",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv6/conf/all/disable_ipv6",
    "/proc/sys/net/core/somaxconn",
    "/proc/sys/net/netfilter/nf_conntrack_max",
    "/proc/sys/fs/file-max",
)
_UNITS = Path("/etc/systemd/system")
_SHOWN = ("PATH", "LANG", "HOME", "SHELL", "TERM", "NO_COLOR", "INVOCATION_ID")
"""Variables whose values are taken, beside ours and XDG's; of others only the names are."""


def versions(environ: Mapping[str, str]) -> Iterator[Found]:
    """What runs here."""
    from importlib.metadata import distributions

    from tulle import __version__

    packages = {d.metadata["Name"]: d.version for d in distributions()}
    told = {
        "tulle": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "uid": os.getuid(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }
    yield Found("versions.json", json.dumps(told, indent=1))
    yield Found("environment.txt", "".join(f"{line}\n" for line in _environment(environ)))


def facts() -> Iterator[Found]:
    """The machine: network, disks, memory, and the rules of ours in its kernel."""
    for path in map(Path, _FILES):
        if path.exists():
            yield Found(f"machine/{path.name}", _read(path))
    for name, command in _COMMANDS.items():
        yield Found(f"machine/{name}.txt", run(*command))
    for family, table in _our_tables(run("nft", "list", "tables")):
        yield Found(f"machine/nft-{family}-{table}.txt", run("nft", "list", "table", family, table))
    for unit in sorted(_UNITS.glob("tulle*")):
        if unit.is_file():
            yield Found(f"machine/{unit.name}", _read(unit))


def journals() -> Iterator[Found]:
    """What our services wrote, where systemd keeps it."""
    if shutil.which("journalctl"):
        words = ("journalctl", "--no-pager", "--quiet", "-n", "5000", "-u", "tulle*")
        yield Found("logs/journal.txt", run(*words))


def run(*command: str) -> str:
    """What a command prints, or why it does not."""
    if shutil.which(command[0]) is None:
        return f"{command[0]} is not installed\n"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"{exc}\n"
    return done.stdout + done.stderr


def _our_tables(listing: str) -> Iterable[tuple[str, str]]:
    """`table inet tulle-…` of what nft lists."""
    for line in listing.splitlines():
        word, family, name = [*line.split(), "", "", ""][:3]
        if word == "table" and name.startswith("tulle"):
            yield family, name


def _environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in sorted(environ.items()):
        shown = name in _SHOWN or name.startswith(("TULLE_", "XDG_"))
        yield f"{name}={value}" if shown else name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024 * 1024)
    except OSError as exc:
        return f"{exc}\n".encode()
