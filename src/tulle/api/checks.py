"""`GET /tulle/v1/check`: what is wrong with the control plane and its mesh, and what it cannot protect.

Each check is a function of plain facts; `Checks` gathers them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiohttp import web

from tulle.api.bodies import Message, reply
from tulle.api.edges import Fleet
from tulle.model.kinds.workload import Workload
from tulle.model.names import WorkloadRef
from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord
from tulle.reconcile.authority import MeshAuthority
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import ProxyState, Publisher
from tulle.store.contract import Store
from tulle.store.errors import StoreError

DAY_S = 86400.0
CLOCK_SLACK_S = 60.0
MOST_NAMED = 10


class Check(Message, frozen=True, kw_only=True):
    """One thing looked at."""

    name: str
    status: Literal["ok", "warn", "fail"]
    message: str
    hint: str = ""


class Report(Message, frozen=True, kw_only=True):
    """All of them."""

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """The handler. `clock` gives Unix seconds."""

    store: Store
    reconciler: Reconciler
    publisher: Publisher
    authority: MeshAuthority
    fleet: Fleet
    clock: Callable[[], float]

    async def handle(self, request: web.Request) -> web.Response:
        """Look at everything."""
        now = self.clock()
        world = self.reconciler.world
        lifetime_s = self.reconciler.compiled.graph.settings.certificate_lifetime_s
        checks = (
            await check_store(self.store),
            check_loop(self.reconciler.failure, world.revision, self.publisher.revision),
            *check_authority(self.authority.root.not_after, self.authority.current.not_after, now),
            check_clock(self.authority.current.certificate.not_valid_before_utc, world, now),
            *check_proxies(self.publisher.states()),
            check_certificates(self.fleet.certificate_ends(), lifetime_s, now),
            *check_capture(world),
        )
        return reply(Report(checks=checks))


async def check_store(store: Store) -> Check:
    """Whether a write reaches the disk: tried with a token that has expired and lets nobody in."""
    probe = TokenRecord("check", "", "", "", {}, expires_at=0.0)
    try:
        await store.save_token(probe)
    except StoreError as error:
        return Check(name="store", status="fail", message=error.message, hint=error.hint)
    return Check(name="store", status="ok", message="can be written")


def check_loop(failure: str, seen: int, published: int) -> Check:
    """Whether what is stored becomes configuration."""
    if failure:
        return Check(
            name="reconcile",
            status="fail",
            message=f"revision {seen} could not be worked on ({failure}); proxies keep {published}",
            hint="this is a bug of Tulle: the server's log has its trace, please report it",
        )
    return Check(name="reconcile", status="ok", message=f"revision {published} is published")


def check_authority(root_end: float, intermediate_end: float, now: float) -> Iterator[Check]:
    """How long what signs is still good."""
    for name, end, early_s in (
        ("root", root_end, 180 * DAY_S),
        ("intermediate", intermediate_end, 60 * DAY_S),
    ):
        left_s = end - now
        message = f"the {name} certificate is good for {left_s / DAY_S:.0f} days"
        if left_s <= 0:
            hint = "check this machine's clock; nobody can join or renew"
            yield Check(
                name=name, status="fail", message=f"the {name} certificate has expired", hint=hint
            )
        elif left_s < early_s:
            hint = "restart the server" if name == "intermediate" else "plan the mesh's next root"
            yield Check(name=name, status="warn", message=message, hint=hint)
        else:
            yield Check(name=name, status="ok", message=message)


def check_clock(signer_start: datetime, world: World, now: float) -> Check:
    """Whether this machine's clock has gone back behind what it wrote before."""
    newest = max(
        (_created(resource.metadata.creation_timestamp) for resource in world), default=0.0
    )
    behind_s = max(newest, signer_start.timestamp()) - now
    if behind_s > CLOCK_SLACK_S:
        return Check(
            name="clock",
            status="fail",
            message=f"the clock stands {behind_s:.0f} s before what this mesh has already written",
            hint="set it (NTP): certificates made now are not valid elsewhere",
        )
    return Check(name="clock", status="ok", message="not behind what the mesh has written")


def check_proxies(states: Sequence[ProxyState]) -> Iterator[Check]:
    """Whether every proxy is there and has what it should have."""
    away = [state.proxy for state in states if not state.connected]
    late = [state.proxy for state in states if state.connected and not state.in_sync]
    refusing = [state for state in states if state.refused]
    broken = [state for state in states if state.problems]
    yield Check(name="proxies", status="ok", message=f"{len(states) - len(away)} connected")
    if away:
        hint = "they go on with what they have; `tulle proxy status` shows them"
        yield Check(name="proxies", status="warn", message=f"away: {_names(away)}", hint=hint)
    if waiting := [proxy for proxy in late if proxy not in {state.proxy for state in refusing}]:
        hint = "look again in a moment; if it stays, read the log of their agents"
        yield Check(
            name="proxies", status="warn", message=f"not in sync: {_names(waiting)}", hint=hint
        )
    for state in refusing:
        detail = "; ".join(refusal.detail for refusal in state.refused)
        hint = "`tulle proxy status` names the resource; the proxy keeps what it had"
        yield Check(
            name="proxies", status="fail", message=f"{state.proxy} refuses: {detail}", hint=hint
        )
    for state in broken:
        detail = "; ".join(map(str, state.problems))
        yield Check(name="proxies", status="fail", message=f"{state.proxy} is kept back: {detail}")


def check_certificates(
    expiries: Mapping[WorkloadRef, float], lifetime_s: float, now: float
) -> Check:
    """Whether renewal works: it happens at half of a certificate's life, so little left means it failed."""
    late = sorted(proxy for proxy, end in expiries.items() if end - now < lifetime_s / 4)
    if late:
        return Check(
            name="certificates",
            status="warn",
            message=f"near their end, renewal is overdue: {_names(late)}",
            hint="read the logs of their agents: they say why they cannot renew",
        )
    return Check(
        name="certificates", status="ok", message=f"{len(expiries)} in use, none near its end"
    )


def check_capture(world: World) -> Iterator[Check]:
    """What capture mode `none` cannot protect: a program's ports, from others on its host."""
    open_ones = [
        WorkloadRef(workload.metadata.namespace, workload.metadata.name)
        for workload in world.all(Workload)
        if workload.status.proxy is not None
        and workload.status.proxy.capture is None
        and workload.spec.ports
    ]
    if open_ones:
        yield Check(
            name="capture",
            status="warn",
            message="capture mode none: programs on the same host can reach these past their proxies, "
            f"without identity or policy: {_names(open_ones)}",
            hint="capture them (`tulle run --capture cgroup`, Linux), or let them listen on 127.0.0.1 only and "
            "run nothing untrusted beside them",
        )


def _names(proxies: Iterable[WorkloadRef]) -> str:
    named = sorted(map(str, proxies))
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more


def _created(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
