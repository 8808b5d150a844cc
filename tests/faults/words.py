"""What can go wrong, and what has to hold: the closed set of words the table is written in.

Values only. `happening` makes the faults happen, `verdicts` says whether what has to hold held.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

from tests.tunnel import Shape

Kind = Literal["http", "grpc", "tcp"]
Setting = Literal["plain", "host-agents", "captured", "short-lived"]
"""Which mesh a fault happens to: agents of one workload each, agents of hosts (`tulle agent`), such whose workloads'
traffic is captured instead of configured, or certificates of 40 seconds."""

ALL: tuple[Kind, ...] = ("http", "grpc", "tcp")


@dataclass(frozen=True, slots=True)
class Server:
    """The control plane."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of a workload."""

    of: str


@dataclass(frozen=True, slots=True)
class Envoy:
    """The proxy of a workload."""

    of: str


@dataclass(frozen=True, slots=True)
class App:
    """The program of a workload."""

    of: str


@dataclass(frozen=True, slots=True)
class HostAgent:
    """The one agent of a host, which carries all workloads there."""

    of: str


Target = Server | Agent | HostAgent | Envoy | App


@dataclass(frozen=True, slots=True)
class Kill:
    """kill -9; what nobody restarts by itself is started again at once, as a service manager would."""

    what: Target
    times: int = 1
    along_with: Server | None = None
    """Killed before it, and back after it: it starts with nobody to ask."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """SIGSTOP, and SIGCONT after a while: its connections stay, and it says nothing."""

    what: Target
    for_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets between two hosts vanish without a word; `one_way`: only those from the first to the second."""

    first: str
    second: str
    for_s: float
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """A link that delays and loses packets."""

    first: str
    second: str
    shape: Shape
    for_s: float


@dataclass(frozen=True, slots=True)
class StoreFull:
    """The disk below the store has no block left."""

    for_s: float


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock of everything of the mesh on a host jumps, and after a while jumps back."""

    host: str
    by_s: int
    for_s: float


@dataclass(frozen=True, slots=True)
class AuthorityAway:
    """The control plane, and so the CA, is away from a renewal on until `back_before_s` before the first
    certificate ends (negative: after the last one has ended)."""

    back_before_s: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """The control plane is killed, and besides the real agents a crowd of simulated ones comes back at once."""

    agents: int


@dataclass(frozen=True, slots=True)
class NeverAcks:
    """The proxy of a workload takes configuration and never answers, while a change is applied."""

    who: str


Fault = Kill | Freeze | Cut | Slow | StoreFull | ClockStep | AuthorityAway | Crowd | NeverAcks


@dataclass(frozen=True, slots=True)
class Unharmed:
    """Not one request fails, of any protocol, whenever it was sent."""


@dataclass(frozen=True, slots=True)
class OnlyVictim:
    """The path goes through what died: requests of these kinds may fail until it is back, none afterwards.

    Other kinds lose nothing. `others_serve`: an answer of another instance that must be among the answers.
    """

    kinds: tuple[Kind, ...]
    others_serve: str = ""


@dataclass(frozen=True, slots=True)
class FailsClosed:
    """Nothing fails before the certificates end; then no new connection passes until there are new ones."""


Holds = Unharmed | OnlyVictim | FailsClosed


def in_words(fault: Fault) -> str:  # noqa: PLR0911 - one for each
    """The fault as the page and the test's name tell it."""
    match fault:
        case Kill(what=what, times=times, along_with=other):
            again = "" if times == 1 else f", {times} times"
            both = f"{named(what)} and {named(other)}" if other else named(what)
            return f"{both}: kill -9{again}"
        case Freeze(what=what, for_s=for_s):
            return f"{named(what)}: frozen (SIGSTOP) for {for_s:g} s"
        case Cut(first=first, second=second, for_s=for_s, one_way=one_way):
            between = f"from {first} to {second}" if one_way else f"between {first} and {second}"
            return f"network {between}: cut for {for_s:g} s"
        case Slow(first=first, second=second, shape=shape, for_s=for_s):
            return f"network between {first} and {second}: {_shape(shape)} for {for_s:g} s"
        case StoreFull(for_s=for_s):
            return f"store: disk full for {for_s:g} s"
        case ClockStep(host=host, by_s=by_s, for_s=for_s):
            return f"clock of {host}: steps by {_step(by_s)}, and back after {for_s:g} s"
        case AuthorityAway(back_before_s=back):
            until = "back before certificates end" if back > 0 else "back after certificates ended"
            return f"CA: away when certificates are due, {until}"
        case Crowd(agents=agents):
            return f"control plane: kill -9, and {agents} more agents come back at once"
        case NeverAcks(who=who):
            return f"Envoy of {who}: never ACKs a change"
        case _:
            assert_never(fault)


def named(what: Target) -> str:
    """What a signal hits."""
    match what:
        case Server():
            return "control plane"
        case Agent(of=of):
            return f"agent of {of}"
        case HostAgent(of=of):
            return f"agent of the host {of}"
        case Envoy(of=of):
            return f"Envoy of {of}"
        case App(of=of):
            return f"program of {of}"
        case _:
            assert_never(what)


def promise(holds: Holds) -> str:
    """What has to hold, as the page tells it."""
    match holds:
        case Unharmed():
            return "nothing is lost"
        case OnlyVictim(kinds=kinds, others_serve=others):
            only = f"only {' and '.join(kinds)} through it fail, until it is back"
            return f"{only}; the other instance serves" if others else only
        case FailsClosed():
            return "nothing is lost until they end; then no new connection passes until there are new ones"
        case _:
            assert_never(holds)


def _shape(shape: Shape) -> str:
    words = [f"{shape.delay_s * 1000:g} ms delay"] if shape.delay_s else []
    words += [f"{shape.jitter_s * 1000:g} ms jitter"] if shape.jitter_s else []
    words += [f"{shape.loss:.0%} loss"] if shape.loss else []
    return ", ".join(words)


def _step(by_s: int) -> str:
    unit, name = (3600, "h") if by_s % 3600 == 0 else (1, "s")
    return f"{by_s // unit:+d} {name}"
