"""Plan → the nftables table that carries it out, as text for `nft -f -`.

Text and not JSON: up to 1.0.x nft's JSON drops the level of `socket cgroupv2`, and with it which processes are
meant. One transaction replaces the table, so applying twice is applying once, and no packet sees half of it.

How the parts work together:

- Only a connection's first packet (SYN) is looked at. What was open before the rules stays as it was.
- `outbound` sends connections to the proxy before any other table has its say (-101 is just before `dstnat`), and
  `guard-outbound` refuses whatever was not sent there: untracked packets, or an address another table rewrote.
- `inbound` does the same for connections from elsewhere; `guard-inbound` refuses what still reaches the program.
- The sender of a connection over loopback is known where it leaves, its receiver where it arrives. In between it
  carries the plan's token as packet mark, set on the way out by who sent it and taken from everybody else.
- What the agent itself asks carries the token too, and counts where root asks: probes reach the program.
- `self-check` counts datagrams to the discard port of loopback by the control group they come from: who loads the rules
  sends one from each, and knows that the kernel tells them apart.
- A rule never says "all but the proxy": `socket cgroupv2 != …` does not match processes in control groups less
  deep than the level. The proxy is let pass first, everybody else comes after.
"""

import ipaddress
from collections.abc import Collection, Iterable, Iterator

from tulle.capture.plans import (
    Cgroup,
    Exclusions,
    NamespaceScope,
    Network,
    Plan,
    ProgramScope,
)

_MANGLE, _BEFORE_NAT, _NAT, _BEFORE_FILTER, _FILTER = -150, -101, -100, -1, 0
_SYN = "tcp flags & (fin|syn|rst|ack) == syn"
_REFUSE = "counter reject with tcp reset"
_DNS = 53
DISCARD_PORT = 9


def ruleset(plan: Plan) -> str:
    """The whole transaction: whatever table has the name goes, this one comes."""
    lines = [
        f"add table inet {plan.table}",
        f"delete table inet {plan.table}",
        f"table inet {plan.table} {{",
        f'  comment "tulle {plan.workload}"',
    ]
    for chain in _chains(plan):
        lines += [f"  {line}" for line in chain]
    return "\n".join([*lines, "}", ""])


def removal(table: str) -> str:
    """The transaction that takes a table away, whether or not it is there."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def _chains(plan: Plan) -> Iterator[list[str]]:
    yield _chain("pass-outbound", _passing_out(plan.exclusions))
    yield _chain("pass-inbound", _passing_in(plan.exclusions))
    match plan.scope:
        case ProgramScope():
            yield from _program_chains(plan, plan.scope)
        case NamespaceScope():
            yield from _namespace_chains(plan, plan.scope)
    yield _chain("guard-proxy", _guarding_proxy(plan), hook=("filter", "input", _BEFORE_FILTER))
    yield _chain("self-check", _checking(plan), hook=("filter", "output", _MANGLE))


# A whole namespace


def _namespace_chains(plan: Plan, scope: NamespaceScope) -> Iterator[list[str]]:
    trusted = [f"{_of(plan.proxy)} accept", f"{_asked_by_agent(plan)} accept"]
    elsewhere = 'iifname != "lo"'
    ours = _ports(scope.open_ports)
    yield _chain(
        "outbound",
        [
            *trusted,
            *_dns(plan, ""),
            f"{_SYN} jump pass-outbound",
            f"{_SYN} redirect to :{plan.outbound_port}",
        ],
        hook=("nat", "output", _BEFORE_NAT),
    )
    yield _chain(
        "guard-outbound",
        [*trusted, f"{_SYN} jump pass-outbound", f"{_SYN} {_REFUSE}"],
        hook=("filter", "output", _FILTER),
    )
    yield _chain(
        "inbound",
        [
            f"{elsewhere} {_SYN} fib daddr type local {ours} accept",
            f"{elsewhere} {_SYN} jump pass-inbound",
            f"{elsewhere} {_SYN} fib daddr type local redirect to :{plan.inbound_port}",
        ],
        hook=("nat", "prerouting", _BEFORE_NAT),
    )
    yield _chain(
        "guard-inbound",
        [
            f"{elsewhere} {_SYN} {ours} accept",
            f"{elsewhere} {_SYN} jump pass-inbound",
            f"{elsewhere} {_SYN} tcp dport {plan.inbound_port} accept",
            f"{elsewhere} {_SYN} {_REFUSE}",
        ],
        hook=("filter", "input", _FILTER),
    )


# One program among others


def _program_chains(plan: Plan, scope: ProgramScope) -> Iterator[list[str]]:
    # On the way out the socket is the sender's, on the way in the receiver's.
    program = f"{_SYN} {_of(scope.cgroup)}"
    yield _chain("senders", _senders(plan, scope), hook=("filter", "output", _MANGLE))
    yield _chain(
        "outbound",
        [
            *_dns(plan, f"{_of(scope.cgroup)} "),
            f"{program} jump pass-outbound",
            f"{program} redirect to :{plan.outbound_port}",
        ],
        hook=("nat", "output", _BEFORE_NAT),
    )
    yield _chain(
        "guard-outbound",
        [f"{program} jump pass-outbound", f"{program} {_REFUSE}"],
        hook=("filter", "output", _FILTER),
    )
    # Later than `outbound` of everybody: a neighbour that is captured itself meets its own proxy first.
    yield _chain("neighbours", _neighbours(plan, scope), hook=("nat", "output", _NAT))
    yield _chain(
        "inbound",
        [
            f'iifname != "lo" {program} jump pass-inbound',
            f'iifname != "lo" {program} redirect to :{plan.inbound_port}',
            *_to_ports(plan, scope, f"redirect to :{plan.inbound_port}", 'iifname != "lo" '),
        ],
        hook=("nat", "prerouting", _BEFORE_NAT),
    )
    yield _chain(
        "guard-inbound",
        [
            f'iifname "lo" {_SYN} {_marked(plan)} accept',
            f"{program} jump pass-inbound",
            f"{program} {_REFUSE}",
            *_to_ports(plan, scope, _REFUSE),
        ],
        hook=("filter", "input", _FILTER),
    )


def _senders(plan: Plan, scope: ProgramScope) -> Iterator[str]:
    """Who may reach the program over loopback bears the token; whoever else says so loses it."""
    for cgroup in (scope.cgroup, plan.proxy):
        yield f"{_SYN} fib daddr type local {_of(cgroup)} meta mark set {plan.token:#010x} accept"
    yield f"{_SYN} fib daddr type local {_asked_by_agent(plan)} accept"
    yield f"{_marked(plan)} meta mark set 0"


def _neighbours(plan: Plan, scope: ProgramScope) -> Iterator[str]:
    """Other processes of the host that call the program's ports: they meet its proxy, like callers elsewhere.

    Who is called cannot be known where a connection leaves, so it goes by port.
    """
    yield f"{_marked(plan)} accept"
    yield from _to_ports(plan, scope, f"redirect to :{plan.inbound_port}")


def _to_ports(plan: Plan, scope: ProgramScope, verdict: str, where: str = "") -> Iterator[str]:
    """What becomes of connections to the declared ports, at the addresses the proxy forwards to and is known by.

    Whoever listens there: a service that starts again has a control group the rules do not know yet, and a socket
    it was handed belongs to who made it.
    """
    excluded = plan.exclusions.inbound_ports
    ports = [port for port in scope.ports if port not in excluded]
    if not ports:
        return
    yield f"{where}{_SYN} {_ports(ports)} jump pass-inbound"
    family = "ip" if scope.address.version == 4 else "ip6"
    own = f"{family} daddr {scope.address}"
    for match in dict.fromkeys(("ip daddr 127.0.0.1", "ip6 daddr ::1", own)):
        yield f"{where}{_SYN} {match} {_ports(ports)} {verdict}"


# What both have


def _passing_out(exclusions: Exclusions) -> Iterator[str]:
    """Connections a program makes past its proxy: to itself over loopback, and what the user excludes."""
    yield "ip daddr 127.0.0.0/8 accept"
    yield "ip6 daddr ::1 accept"
    yield from _to_networks("daddr", exclusions.outbound_networks)
    if exclusions.outbound_ports:
        yield f"{_ports(exclusions.outbound_ports)} accept"
    if exclusions.users:
        yield f"meta skuid {_set(exclusions.users)} accept"
    if exclusions.groups:
        yield f"meta skgid {_set(exclusions.groups)} accept"


def _passing_in(exclusions: Exclusions) -> Iterator[str]:
    """Connections that reach the program past its proxy, because the user says so: probes, mostly."""
    yield from _to_networks("saddr", exclusions.inbound_networks)
    if exclusions.inbound_ports:
        yield f"{_ports(exclusions.inbound_ports)} accept"


def _guarding_proxy(plan: Plan) -> Iterator[str]:
    """Nobody enters the captured ports but by redirection: the proxy would call itself for ever."""
    ports = _ports((plan.outbound_port, plan.inbound_port))
    yield f"{_SYN} {ports} ct status & dnat == 0 {_REFUSE}"


def told_apart(plan: Plan) -> tuple[Cgroup, ...]:
    """The control groups the rules look at, in the order `self-check` counts them."""
    match plan.scope:
        case ProgramScope(cgroup=program):
            return (program, plan.proxy)
        case NamespaceScope():
            return (plan.proxy,)


def _checking(plan: Plan) -> Iterator[str]:
    for cgroup in told_apart(plan):
        yield f"ip daddr 127.0.0.1 udp dport {DISCARD_PORT} {_of(cgroup)} counter"


def _dns(plan: Plan, who: str) -> Iterator[str]:
    """Questions, over UDP and TCP, to whatever name server; before loopback is let pass, where many listen."""
    if plan.dns_port is not None:
        yield f"{who}udp dport {_DNS} redirect to :{plan.dns_port}"
        yield f"{who}tcp dport {_DNS} redirect to :{plan.dns_port}"


def _asked_by_agent(plan: Plan) -> str:
    """The agent's own sockets: a mark takes privileges, this one must be known besides."""
    return f"{_marked(plan)} meta skuid 0"


def _marked(plan: Plan) -> str:
    return f"meta mark {plan.token:#010x}"


def _of(cgroup: Cgroup) -> str:
    return f'socket cgroupv2 level {cgroup.level} "{cgroup.path}"'


def _to_networks(side: str, networks: Collection[Network]) -> Iterator[str]:
    """One rule for each family that has any. nft takes no set whose members overlap."""
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    if v4:
        yield f"ip {side} {_set(ipaddress.collapse_addresses(v4))} accept"
    if v6:
        yield f"ip6 {side} {_set(ipaddress.collapse_addresses(v6))} accept"


def _ports(ports: Iterable[int]) -> str:
    return f"tcp dport {_set(sorted(set(ports)))}"


def _set(members: Iterable[object]) -> str:
    return "{ " + ", ".join(map(str, members)) + " }"


def _chain(name: str, rules: Iterable[str], hook: tuple[str, str, int] | None = None) -> list[str]:
    lines = [f"chain {name} {{"]
    if hook:
        kind, place, priority = hook
        lines.append(f"  type {kind} hook {place} priority {priority}; policy accept;")
    return [*lines, *(f"  {rule}" for rule in rules), "}"]
