"""One type on one stream: what is due to the proxy, and the next response of it.

Brings together what was asked (`subscriptions`), what is held (`acks`) and what may go (`ordering`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tulle.ads.acks import Ledger, Sent
from tulle.ads.messages import NO_NAMES, Request, Response
from tulle.ads.ordering import REMOVED_LATE, Readiness
from tulle.ads.subscriptions import Subscription
from tulle.xds.snapshots import Resources, TypeUrl, XdsResource

_WARMING_LIMIT = 3
"""Responses with clusters that may wait for an answer at once: while clusters warm, Envoy answers none."""


@dataclass(frozen=True, slots=True)
class Due:
    """What separates the proxy from the target. `changes` and `removed` may go now.

    `waiting` need something unconfirmed, `blocked` something refused; `refused` were refused themselves;
    `later` are removals that wait until nothing uses them.
    """

    changes: tuple[XdsResource, ...]
    removed: tuple[str, ...]
    waiting: tuple[str, ...]
    blocked: tuple[str, ...]
    refused: tuple[str, ...]
    later: frozenset[str]

    @property
    def is_settled(self) -> bool:
        """Whether the proxy has all it should have; what it has too much may be pending."""
        return not (self.changes or self.waiting or self.blocked or self.refused)


class Channel:
    """Mutable state of a type; `plan` compares with a target, `take` gives the next response."""

    __slots__ = (
        "_answer_due",
        "_asked",
        "_ripe",
        "_waited",
        "due",
        "ledger",
        "subscription",
        "type_url",
    )

    def __init__(self, type_url: str) -> None:
        self.type_url = type_url
        self.subscription = Subscription()
        self.ledger = Ledger()
        self.due: Due | None = None
        """None: something happened since it was planned."""
        self._waited = NO_NAMES
        self._ripe = NO_NAMES
        self._asked = NO_NAMES
        self._answer_due = False

    def subscribe(self, request: Request, *, opening: bool) -> None:
        """Apply what the request asks for; the first one of a stream (`opening`) says what is held already."""
        asked = self.subscription.change(request)
        if opening:
            self.ledger.open(request.initial_versions)
        held = request.initial_versions.keys() if opening else NO_NAMES
        wanted = self._asked | (asked.names - held)
        self._asked = frozenset(filter(self.subscription.covers, wanted)) or NO_NAMES
        self._answer_due = self._answer_due or asked.everything
        if opening or request.unsubscribe:
            self.ledger.keep(self.subscription.covers)
        if opening or request.subscribe or request.unsubscribe:
            self.due = None

    def plan(self, target: Resources, readiness: Callable[[str], Readiness]) -> Due:
        """Compare the proxy with the target."""
        ready: list[XdsResource] = []
        waiting: list[str] = []
        blocked: list[str] = []
        refused: list[str] = []
        for resource in self._missing(target):
            name = resource.name
            if self._was_refused(resource):
                refused.append(name)
                continue
            match readiness(name):
                case Readiness.READY:
                    ready.append(resource)
                case Readiness.WAITING:
                    waiting.append(name)
                case Readiness.BLOCKED:
                    blocked.append(name)
        gone = self.ledger.known() - target.keys()
        # What came back meanwhile waits anew when it goes again.
        self._waited = self._waited & gone or NO_NAMES
        self._ripe = self._ripe & gone or NO_NAMES
        at_once = self._ripe if self.type_url in REMOVED_LATE else gone
        self.due = Due(
            tuple(ready),
            tuple(sorted(at_once | (self._asked - target.keys()))),
            tuple(waiting),
            tuple(blocked),
            tuple(refused),
            frozenset(gone - at_once) or NO_NAMES,
        )
        return self.due

    def on_grace(self) -> None:
        """A second has passed: what was due for late removal at the last call may go, the rest at the next."""
        later = self.due.later if self.due else NO_NAMES
        self._ripe = self._ripe | (later & self._waited) or NO_NAMES
        self._waited = later - self._ripe or NO_NAMES
        self.due = None

    def restart_grace(self) -> None:
        """Something may use again what was to be removed."""
        self._waited = NO_NAMES

    def take(self, due: Due, nonce: str, snapshot_round: int) -> Response | None:
        """The next response of what is due, recorded as sent; None if none may go now."""
        if not (due.changes or due.removed or self._answer_due):
            return None
        changes, removed = self._batch(due)
        if not (changes or removed or self._answers_now(due)):
            return None
        versions = {resource.name: resource.version for resource in changes}
        self.ledger.send(Sent(nonce, snapshot_round, versions, frozenset(removed) or NO_NAMES))
        self._asked = self._asked - versions.keys() - set(removed) or NO_NAMES
        self._answer_due = False
        self.due = None
        framed = tuple(resource.framed for resource in changes)
        return Response(self.type_url, nonce, framed, removed, versions)

    @property
    def is_settled(self) -> bool:
        """Whether the proxy has confirmed all it should have, as of the last plan."""
        pending = self._answer_due or any(sent.versions for sent in self.ledger.in_flight)
        return self.due is not None and self.due.is_settled and not pending

    @property
    def is_in_sync(self) -> bool:
        """Settled, and rid of what must go at once: a listener that should be gone still listens."""
        if self.due is None or not self.is_settled:
            return False
        return self.type_url in REMOVED_LATE or not self.holds_too_much

    @property
    def holds_too_much(self) -> bool:
        """Whether something is still to be removed."""
        due = self.due is None or bool(self.due.removed or self.due.later)
        return due or any(sent.removed for sent in self.ledger.in_flight)

    def _missing(self, target: Resources) -> Iterator[XdsResource]:
        if self.subscription.wildcard:
            wanted = iter(target.values())
        else:
            names = sorted(self.subscription.names & target.keys())
            wanted = (target[name] for name in names)
        for resource in wanted:
            known = self.ledger.believes(resource.name, resource.version)
            if not known or resource.name in self._asked:
                yield resource

    def _was_refused(self, resource: XdsResource) -> bool:
        refused = self.ledger.refused.get(resource.name)
        return refused == resource.version and resource.name not in self._asked

    def _batch(self, due: Due) -> tuple[tuple[XdsResource, ...], tuple[str, ...]]:
        """What fits into one response: all that is due, but suspects after the others and alone."""
        if self._is_busy or (self._answer_due and due.waiting):
            return (), ()
        alone = self.ledger.alone
        batch = tuple(resource for resource in due.changes if resource.name not in alone)
        if batch or due.removed or self.ledger.in_flight:
            return batch, due.removed
        return due.changes[:1], ()

    def _answers_now(self, due: Due) -> bool:
        """Whether a wildcard waits for its first answer. It is given whole: Envoy starts serving with it."""
        return self._answer_due and not due.waiting and not self._is_busy

    @property
    def _is_busy(self) -> bool:
        limit = _WARMING_LIMIT if self.type_url == TypeUrl.CLUSTER else 1
        return len(self.ledger.in_flight) >= limit
