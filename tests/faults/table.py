"""The table: fault, what has to hold, seed. One row is one test; the page in docs/ shows them in this order.

Every row runs HTTP, gRPC and TCP at once, in one mesh on four hosts (see `place`):

    front    door, the load client's way in
    back     web-v1, calls, echo: one of two instances of `web`, the only ones of the others
    spare    web-v2, and a bystander that nobody calls
    control  the control plane
"""

from dataclasses import dataclass

from tests.faults.words import (
    Agent,
    App,
    AuthorityAway,
    ClockStep,
    Crowd,
    Cut,
    Envoy,
    FailsClosed,
    Fault,
    Freeze,
    Holds,
    HostAgent,
    Kill,
    NeverAcks,
    OnlyVictim,
    Server,
    Setting,
    Slow,
    StoreFull,
    Unharmed,
    in_words,
)
from tests.tunnel import Shape

UNHARMED = Unharmed()


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `seed` decides what luck decides: which packets a link loses."""

    fault: Fault
    holds: Holds = UNHARMED
    seed: int = 1
    setting: Setting = "plain"

    @property
    def name(self) -> str:
        return in_words(self.fault) + WHERE_IT_HAPPENS[self.setting]


WHERE_IT_HAPPENS: dict[Setting, str] = {
    "plain": "",
    "host-agents": " (agents of hosts)",
    "captured": " (captured)",
    "short-lived": "",
}

HOUR = 3600
FAR = Shape(delay_s=0.02, jitter_s=0.01, loss=0.01)
WEB_V1 = OnlyVictim(("http",), others_serve="v2")

ROWS: tuple[Row, ...] = (
    Row(Kill(Server(), times=3)),
    Row(Freeze(Server(), for_s=3)),
    Row(Freeze(Server(), for_s=22)),  # longer than agents believe in a silent peer
    Row(StoreFull(for_s=5)),
    Row(NeverAcks("bystander")),
    Row(Crowd(agents=500)),
    Row(Cut("control", "back", for_s=3)),
    Row(
        Cut("control", "back", for_s=35)
    ),  # agents are given up: their endpoints are the last resort
    Row(Cut("control", "back", for_s=22, one_way=True)),
    Row(Cut("back", "control", for_s=22, one_way=True)),
    Row(Slow("control", "back", Shape(delay_s=0.1, jitter_s=0.05, loss=0.05), for_s=5), seed=2),
    Row(Slow("front", "back", FAR, for_s=5), seed=3),
    Row(ClockStep("control", by_s=+HOUR, for_s=5)),
    Row(ClockStep("control", by_s=-HOUR, for_s=5)),
    Row(ClockStep("back", by_s=+HOUR, for_s=5)),
    Row(ClockStep("back", by_s=-HOUR, for_s=5)),
    Row(Freeze(Agent("calls"), for_s=5)),
    Row(Freeze(Envoy("calls"), for_s=3)),
    Row(Freeze(App("web-v1"), for_s=3)),
    Row(Kill(Envoy("bystander"))),
    Row(Kill(Envoy("web-v1")), WEB_V1),
    Row(Kill(Agent("web-v1")), WEB_V1),
    Row(Kill(App("web-v1")), WEB_V1),
    Row(Kill(Envoy("calls")), OnlyVictim(("grpc",))),
    Row(Kill(Envoy("echo")), OnlyVictim(("tcp",))),
    Row(Kill(HostAgent("back"), times=3), setting="host-agents"),
    Row(Kill(HostAgent("back"), along_with=Server()), setting="host-agents"),
    Row(Freeze(HostAgent("back"), for_s=5), setting="host-agents"),
    Row(Kill(Server()), setting="host-agents"),
    Row(Cut("control", "back", for_s=3), setting="host-agents"),
    Row(Kill(Envoy("web-v1")), WEB_V1, setting="host-agents"),
    Row(Kill(Server()), setting="captured"),
    Row(Cut("control", "back", for_s=3), setting="captured"),
    Row(Slow("front", "back", FAR, for_s=3), seed=4, setting="captured"),
    Row(Kill(HostAgent("back"), times=3), setting="captured"),
    Row(Kill(HostAgent("back"), along_with=Server()), setting="captured"),
    Row(Kill(Envoy("web-v1")), WEB_V1, setting="captured"),
    Row(AuthorityAway(back_before_s=12), setting="short-lived"),
    Row(AuthorityAway(back_before_s=-3), FailsClosed(), setting="short-lived"),
)
