"""`/tulle/v1/proxies` and `/settled`: what proxies have, what they lack, what they refused."""

from dataclasses import dataclass

from aiohttp import web

from tulle.api.bodies import Message, number, reply
from tulle.api.edges import Fleet
from tulle.api.errors import ApiError
from tulle.model.kinds.workload import Workload
from tulle.model.names import WorkloadRef
from tulle.model.wire import Refused
from tulle.model.worlds import World
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import ProxyState, Publisher, Refusal
from tulle.xds.text import to_object

MAX_WAIT_S = 600.0


class RefusalText(Message, frozen=True, kw_only=True):
    """Something a proxy refused: the user's resource it came from, and what the proxy said."""

    proxy: str
    resource: str
    detail: str


class Proxy(Message, frozen=True, kw_only=True):
    """A proxy. `revision` is the latest of the store it has confirmed; times are Unix seconds."""

    name: str
    account: str
    connected: bool
    in_sync: bool
    revision: int
    refused: tuple[RefusalText, ...]
    problems: tuple[str, ...]
    version: str
    certificate_not_after: float | None


class ProxyList(Message, frozen=True, kw_only=True):
    """All that have a Workload or are connected, by name."""

    proxies: tuple[Proxy, ...]


class Replaced(Message, frozen=True, kw_only=True):
    """A new Envoy serves."""

    proxy: str
    version: str


class Settled(Message, frozen=True, kw_only=True):
    """Whether a revision has arrived everywhere; `revision` is what is published by now."""

    settled: bool
    revision: int
    pending: tuple[str, ...]
    refused: tuple[RefusalText, ...]


@dataclass(frozen=True, slots=True)
class Proxies:
    """The handlers."""

    reconciler: Reconciler
    publisher: Publisher
    fleet: Fleet

    async def list(self, request: web.Request) -> web.Response:
        """Every proxy."""
        world, ends = self.reconciler.world, self.fleet.certificate_ends()
        states = {state.proxy: state for state in self.publisher.states()}
        known = {_ref(workload) for workload in world.all(Workload)}
        found = (
            _proxy(states.get(ref) or ProxyState(ref), world, ends.get(ref))
            for ref in sorted(known | states.keys())
        )
        return reply(ProxyList(proxies=tuple(found)))

    async def config(self, request: web.Request) -> web.Response:
        """The Envoy resources a proxy has to get, by type and name."""
        ref = WorkloadRef(request.match_info["namespace"], request.match_info["name"])
        snapshot = self.publisher.current(ref)
        if snapshot is None:
            hint = "`tulle proxy status` lists those there are; one that never joined has none"
            raise ApiError(404, "no-configuration", f"there is no configuration for {ref}", hint)
        return reply(to_object(snapshot))

    async def replace(self, request: web.Request) -> web.Response:
        """Have a proxy's Envoy replaced by a new one; answers when it serves, or with why it does not."""
        ref = WorkloadRef(request.match_info["namespace"], request.match_info["name"])
        answer = await self.fleet.replace_proxy(ref)
        if isinstance(answer, Refused):
            raise ApiError(409, answer.code, answer.message, answer.hint)
        if answer.failure:
            hint = "nothing was lost: mend what it says, and try again"
            message = f"Envoy of {ref} goes on as it was: {answer.failure}"
            raise ApiError(409, "proxy-not-replaced", message, hint)
        return reply(Replaced(proxy=str(ref), version=answer.version))

    async def settled(self, request: web.Request) -> web.Response:
        """Wait until a revision has arrived everywhere, up to `timeout` seconds."""
        revision = int(number(request, "revision", 0, 2**53))
        timeout_s = number(request, "timeout", 0, MAX_WAIT_S)
        found = await self.publisher.settled(revision, timeout_s)
        answer = Settled(
            settled=found.everywhere,
            revision=found.revision,
            pending=tuple(map(str, found.pending)),
            refused=tuple(map(refusal_text, found.refused)),
        )
        return reply(answer)


def refusal_text(refusal: Refusal) -> RefusalText:
    """A refusal with its origin; without one, with Envoy's name for what was refused."""
    short = refusal.type_url.rpartition(".")[2]
    origins = dict.fromkeys(str(origin) for origin in refusal.origins)
    resource = ", ".join(origins) or f"{short} {refusal.name or '(unknown)'}"
    return RefusalText(proxy=str(refusal.proxy), resource=resource, detail=refusal.detail)


def _proxy(state: ProxyState, world: World, certificate_end: float | None) -> Proxy:
    workload = world.get(Workload, state.proxy.namespace, state.proxy.name)
    reported = workload.status.proxy if workload else None
    return Proxy(
        name=str(state.proxy),
        account=workload.spec.service_account_name if workload else "",
        connected=state.connected,
        in_sync=state.in_sync,
        revision=state.revision,
        refused=tuple(map(refusal_text, state.refused)),
        problems=tuple(map(str, state.problems)),
        version=reported.version if reported else "",
        certificate_not_after=certificate_end,
    )


def _ref(workload: Workload) -> WorkloadRef:
    return WorkloadRef(workload.metadata.namespace, workload.metadata.name)
