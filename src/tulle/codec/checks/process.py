"""Rules for Process: one machine runs all of it, so ports must not meet, and variables must exist."""

import re
from collections.abc import Iterator, Mapping

from tulle.codec.checks.forms import is_dns_label
from tulle.codec.checks.metadata import bad_label
from tulle.codec.checks.ports import check_ports
from tulle.codec.checks.repeats import repeats
from tulle.codec.checks.workload import check_account, check_http_proxy, check_upstreams
from tulle.codec.paths import join
from tulle.model.durations import seconds
from tulle.model.kinds.process import Health, Process, ProcessSpec
from tulle.model.problems import Problem, Severity

_VARIABLE = re.compile(r"\$\$\([^)]*\)|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_UPSTREAM_VARIABLES = ("HOST", "PORT", "ADDR")
_PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")


def check(process: Process) -> Iterator[Problem]:
    """The rules for a Process."""
    spec = process.spec
    if not is_dns_label(process.metadata.name):
        yield bad_label("metadata.name", process.metadata.name)
    yield from check_account(spec.service_account_name, "spec.serviceAccountName")
    yield from check_ports(spec.ports, "spec.ports")
    yield from check_upstreams(spec.upstreams, spec.ports, process.metadata.namespace)
    yield from check_http_proxy(spec.http_proxy, spec.upstreams, spec.ports)
    yield from _replicas(spec)
    if spec.health is not None:
        yield from _health(spec.health, spec)
    yield from _environment(spec)
    if spec.capture != "none" and not spec.command:
        message = "there is no program here to capture"
        yield Problem("spec.capture", "capture-without-program", message, "name a command")
    if spec.command and not spec.command[0]:
        yield Problem("spec.command[0]", "bad-value", "must name a program")


def _replicas(spec: ProcessSpec) -> Iterator[Problem]:
    if spec.replicas < 2:
        return
    told = told_ports(spec)
    fixed = [port.port for index, port in enumerate(spec.ports) if index not in told]
    if fixed:
        message = f"{spec.replicas} replicas cannot all listen on port {fixed[0]} of one machine"
        hint = "write $(PORT) in command or env where the program takes its port, and each gets its own"
        yield Problem("spec.replicas", "port-conflict", message, hint)
    for path, local_port in _loopback_ports(spec):
        message = f"{spec.replicas} replicas cannot share the loopback port {local_port}"
        hint = "remove it: a free port is chosen and put into the environment"
        yield Problem(path, "port-conflict", message, hint)


def _loopback_ports(spec: ProcessSpec) -> Iterator[tuple[str, int]]:
    """Those the user chose, with the fields that say so."""
    for index, upstream in enumerate(spec.upstreams):
        if upstream.local_port is not None:
            yield f"spec.upstreams[{index}].localPort", upstream.local_port
    if spec.http_proxy and spec.http_proxy.port is not None:
        yield "spec.httpProxy.port", spec.http_proxy.port


def _health(health: Health, spec: ProcessSpec) -> Iterator[Problem]:
    probes = {"http": health.http, "tcp": health.tcp, "exec": health.exec}
    given = [name for name, probe in probes.items() if probe is not None]
    if len(given) != 1:
        message = f"needs exactly one of http, tcp and exec, not {' and '.join(given) or 'none'}"
        yield Problem("spec.health", "conflict" if given else "missing-field", message)
    if health.http is not None:
        yield from _probe_port(health.http.port, spec, "spec.health.http.port")
        if not health.http.path.startswith("/"):
            message = f"must begin with '/', not {health.http.path!r}"
            yield Problem("spec.health.http.path", "bad-path", message)
    if health.tcp is not None:
        yield from _probe_port(health.tcp.port, spec, "spec.health.tcp.port")
    for name, length in (("interval", health.interval), ("timeout", health.timeout)):
        if seconds(length) <= 0:
            yield Problem(f"spec.health.{name}", "out-of-range", "must be more than 0")


def _probe_port(port: int | str, spec: ProcessSpec, at: str) -> Iterator[Problem]:
    names = [known.name for known in spec.ports if known.name]
    if port == "" and not spec.ports:
        yield Problem(at, "missing-field", "is required where spec.ports is empty")
    elif isinstance(port, int) and not 1 <= port <= 65535:
        yield Problem(at, "out-of-range", f"must be 1 to 65535, not {port}")
    elif isinstance(port, str) and port and port not in names:
        message = f"there is no port named {port!r} in spec.ports"
        hint = f"names there: {', '.join(names)}" if names else "write its number"
        yield Problem(at, "unknown-port", message, hint)


def _environment(spec: ProcessSpec) -> Iterator[Problem]:
    for index, first in repeats(variable.name for variable in spec.env):
        message = f"{spec.env[index].name} is set twice, first by spec.env[{first}]"
        yield Problem(f"spec.env[{index}].name", "duplicate-name", message, "keep one of them")
    own = {variable.name: variable.value for variable in spec.env}
    known = {*own, *variables_given(spec)}
    for path, text in _texts(spec):
        for name in sorted(_variables_in(text) - known):
            yield Problem(
                path,
                "unknown-variable",
                f"$({name}) is only known if the environment of `tulle up` has it",
                f"set here: {', '.join(sorted(known)) or 'none'}; $$(NAME) stands for $(NAME)",
                severity=Severity.WARNING,
            )
    for index, variable in enumerate(spec.env):
        if variable.name in _reached(variable.name, own):
            message = f"the value of {variable.name} needs itself"
            hint = "write $$(NAME) for the text itself, or take another name"
            yield Problem(f"spec.env[{index}].value", "variable-cycle", message, hint)


def told_ports(spec: ProcessSpec) -> frozenset[int]:
    """Ports, by index, whose number the program is told by `$(PORT)` or `$(PORT_NAME)`: they may be any."""
    used = {name for _, text in _texts(spec) for name in _variables_in(text)}
    named = {i for i, port in enumerate(spec.ports) if f"PORT_{_variable_name(port.name)}" in used}
    return frozenset(named | ({0} if "PORT" in used and spec.ports else set()))


def variables_given(spec: ProcessSpec) -> frozenset[str]:
    """What a program gets beside its own: PORT and PORT_<NAME>, and for each upstream <SERVICE>_HOST, _PORT
    and _ADDR, also as <SERVICE>_<PORT>_HOST and so on; HTTP_PROXY and NO_PROXY where asked for.
    """
    names = {"PORT"} if spec.ports else set()
    names.update(f"PORT_{_variable_name(port.name)}" for port in spec.ports if port.name)
    for upstream in spec.upstreams:
        service = _variable_name(upstream.service)
        for prefix in (service, f"{service}_{upstream.port}"):
            names.update(f"{prefix}_{name}" for name in _UPSTREAM_VARIABLES)
    if spec.http_proxy:
        names.update(_PROXY_VARIABLES)
    return frozenset(names)


def _variable_name(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", text.upper())


def _texts(spec: ProcessSpec) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(spec.command):
        yield join("spec.command", index), text
    for index, variable in enumerate(spec.env):
        yield f"spec.env[{index}].value", variable.value


def _variables_in(text: str) -> frozenset[str]:
    return frozenset(found[1] for found in _VARIABLE.finditer(text) if found[1])


def _reached(start: str, values: Mapping[str, str]) -> frozenset[str]:
    """Every variable the value of `start` needs, directly or through others."""
    reached: set[str] = set()
    waiting = {start}
    while waiting:
        needed = _variables_in(values.get(waiting.pop(), ""))
        waiting |= needed - reached
        reached |= needed
    return frozenset(reached)
