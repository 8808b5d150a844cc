"""What a user asks of capture, read from flags: `tulle run --capture …` and what goes with it. Pure."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from tulle.capture.plans import Exclusions, Network
from tulle.model.kinds.workload import ProbePort, WorkloadPort
from tulle.model.problems import Problem

T = TypeVar("T")

_LONGEST_NAME = 256
_LONGEST_PATH = 1024
_NOWHERE = frozenset({".", ".."})


class Mode(StrEnum):
    """`CGROUP`: one program of the host. `NETNS`: everything in a network namespace."""

    NONE = "none"
    CGROUP = "cgroup"
    NETNS = "netns"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a program shall be captured. `namespace` is a name (of `ip netns`) or a path. `cgroup` is the control
    group of a program that runs already, as systemd names it; "": of one that is started for it.

    `users` and `groups` are names or numbers, as typed; who knows the host's turns them into exclusions.
    """

    mode: Mode = Mode.NONE
    namespace: str = ""
    cgroup: str = ""
    exclusions: Exclusions = Exclusions()  # noqa: RUF009 - frozen
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    probes: tuple[ProbePort, ...] = ()


NOT_CAPTURED = Wish()


class Flags(Protocol):
    """Where words come from, and where what is wrong with them goes."""

    def one(self, name: str, parse: Callable[[str], T | Problem], default: T) -> T:
        """The value of a flag; the default where there is none, or none that can be read."""
        ...

    def many(self, name: str, parse: Callable[[str], T | Problem]) -> list[T]:
        """The values of a flag that may be repeated."""
        ...


def read_wish(flags: Flags) -> Wish:
    """What the flags say."""
    return Wish(
        mode=flags.one("capture", parse_mode, Mode.NONE),
        namespace=flags.one("netns", parse_namespace, ""),
        cgroup=flags.one("cgroup", parse_cgroup, ""),
        exclusions=Exclusions(
            outbound_ports=tuple(flags.many("exclude_outbound_port", parse_excluded_port)),
            outbound_networks=tuple(flags.many("exclude_outbound_cidr", parse_network)),
            inbound_ports=tuple(flags.many("exclude_inbound_port", parse_excluded_port)),
            inbound_networks=tuple(flags.many("exclude_inbound_cidr", parse_network)),
        ),
        users=tuple(flags.many("exclude_user", parse_user)),
        groups=tuple(flags.many("exclude_group", parse_user)),
        probes=tuple(flags.many("probe_port", parse_probe)),
    )


def parse_mode(text: str) -> Mode | Problem:
    """`none`, `cgroup` or `netns`."""
    try:
        return Mode(text.lower())
    except ValueError:
        return _misread("capture-mode-unknown", text, "a way to capture", "none, cgroup or netns")


def parse_namespace(text: str) -> str | Problem:
    """A name below /run/netns, or a path."""
    if text.startswith("/") or re.fullmatch(r"[^\s/.][^\s/]{0,200}", text):
        return text
    return _misread("netns-malformed", text, "a network namespace", "blue or /proc/4711/ns/net")


def parse_cgroup(text: str) -> str | Problem:
    """A path below the tree of control groups, as `systemctl show -p ControlGroup` says it."""
    parts = text.strip("/").split("/")
    fits = all(re.fullmatch(r"[^\s/\"\\]{1,255}", part) and part not in _NOWHERE for part in parts)
    if fits and len(text) < _LONGEST_PATH:
        return "/".join(parts)
    return _misread("cgroup-malformed", text, "a control group", "system.slice/nginx.service")


def parse_excluded_port(text: str) -> int | Problem:
    """A port number."""
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
        return int(text)
    return _misread("port-malformed", text, "a port", "5432")


def parse_network(text: str) -> Network | Problem:
    """An address, or a range of them."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _misread("network-malformed", text, "a range of addresses", "10.0.0.0/8 or fd00::/8")


def parse_user(text: str) -> str | Problem:
    """The name or the number of a user, or of a group."""
    if (
        re.fullmatch(r"[0-9]{1,10}|[A-Za-z_][A-Za-z0-9_.@-]*\$?", text)
        and len(text) < _LONGEST_NAME
    ):
        return text
    return _misread("user-malformed", text, "a user or a group", "postgres or 999")


def parse_probe(text: str) -> ProbePort | Problem:
    """`PORT=PROGRAMPORT[/PATH]`: where probes without identity ask for one path of the program."""
    match = re.fullmatch(r"([0-9]{1,5})=([0-9]{1,5})(/\S{0,1000})?", text)
    if match is None or not all(1 <= int(match[group]) <= 65535 for group in (1, 2)):
        return _misread("probe-malformed", text, "a probe port", "15021=8080/healthz")
    return ProbePort(port=int(match[1]), program_port=int(match[2]), path=match[3] or "/")


def check_wish(wish: Wish, ports: Sequence[WorkloadPort]) -> Iterator[Problem]:
    """What does not fit together."""
    if wish.mode is Mode.NONE and wish != NOT_CAPTURED:
        message = (
            "what is excluded from capture, probe ports and a namespace mean nothing without it"
        )
        yield Problem("--capture", "not-captured", message, "add --capture cgroup or netns")
    if wish.mode is Mode.NETNS and not wish.namespace:
        message = "no network namespace is named to capture"
        yield Problem(
            "--netns", "netns-missing", message, "add --netns NAME, as `ip netns` lists it"
        )
    if wish.mode is Mode.CGROUP and wish.namespace:
        message = "a program among others is captured in the namespace it starts in"
        yield Problem(
            "--netns", "netns-unused", message, "use --capture netns, or leave --netns out"
        )
    if wish.mode is Mode.NETNS and wish.cgroup:
        message = "a network namespace is captured whole, whatever control groups run there"
        yield Problem(
            "--cgroup", "cgroup-unused", message, "use --capture cgroup, or leave --cgroup out"
        )
    yield from _check_probes(wish, ports)


def _check_probes(wish: Wish, ports: Sequence[WorkloadPort]) -> Iterator[Problem]:
    own = {port.port for port in ports}
    taken = set(own)
    for probe in wish.probes:
        if probe.program_port not in own:
            message = f"the program declares no port {probe.program_port} to probe"
            yield Problem("--probe-port", "probe-port-unknown", message, "declare it with --port")
        if probe.port in taken:
            message = f"port {probe.port} is the program's own, or another probe's"
            yield Problem("--probe-port", "port-conflict", message, "choose another one")
        taken.add(probe.port)


def _misread(code: str, text: str, what: str, example: str) -> Problem:
    return Problem("", code, f"{text!r} is not {what}", f"write it like {example}")
