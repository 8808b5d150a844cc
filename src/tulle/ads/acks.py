"""The ledger of one type on one stream: what the proxy holds, what is on its way, what it refused.

Three facts about proxies shape it:

- A refused response may have been applied in part (Envoy keeps the good clusters and listeners of it). After
  a refusal of several resources nothing is known of any of them: each is told again, alone, and the one that is
  refused alone is the culprit. Refused alone means not applied: the proxy holds what it had.
- A proxy may forget: a name it asks for again, or the endpoints of a cluster that was just replaced, have to
  be told again although nothing changed.
- Answers come in the order of the responses, and one answer may stand for several.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tulle.ads.messages import NO_NAMES


@dataclass(frozen=True, slots=True)
class Held:
    """A version the proxy accepted. `round` tells which snapshot it was taken from, the later the higher."""

    version: str
    round: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A response that waits for its answer. For names in `void` (mutable) the answer no longer speaks."""

    nonce: str
    round: int
    versions: Mapping[str, str]
    removed: frozenset[str] = NO_NAMES
    void: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer speaks of: the versions accepted, or refused, and the names removed with them."""

    versions: Mapping[str, str]
    removed: frozenset[str]

    @property
    def culprit(self) -> str | None:
        """The only resource it speaks of, if there is just one."""
        return next(iter(self.versions)) if len(self.versions) == 1 and not self.removed else None


class Ledger:
    """Mutable, told of every response and every answer of its type."""

    __slots__ = ("accepted", "again", "alone", "in_flight", "refused")

    def __init__(self) -> None:
        self.accepted: dict[str, Held] = {}
        self.refused: dict[str, str] = {}
        self.again: dict[str, set[str]] = {}
        """Names to be told again whatever `accepted` says, each with the versions it may have instead ("": none)."""
        self.alone = NO_NAMES
        """Those among them that must be told alone: a response with them was refused."""
        self.in_flight: list[Sent] = []

    def believes(self, name: str, version: str) -> bool:
        """Whether the proxy has this version or is about to."""
        for sent in reversed(self.in_flight):
            if name in sent.versions and name not in sent.void:
                return sent.versions[name] == version
            if name in sent.removed:
                return False
        held = self.accepted.get(name)
        return held is not None and held.version == version and name not in self.again

    def has(self, name: str, version: str, since: int) -> bool:
        """Whether the proxy has confirmed this version, or one of round `since` or later.

        A version it refused counts if it holds an older one: it will not get nearer than that.
        """
        held = self.accepted.get(name)
        if held is None or name in self.again:
            return False
        return version in {held.version, self.refused.get(name)} or held.round >= since

    def known(self) -> set[str]:
        """Names the proxy may hold: those on their way included, those on their way out not."""
        names = self.accepted.keys() | self.again.keys()
        for sent in self.in_flight:
            names = (names | (sent.versions.keys() - sent.void)) - sent.removed
        return names

    def told(self) -> set[str]:
        """Names this stream has sent, unlike those the proxy brought along."""
        names = {name for name, held in self.accepted.items() if held.round > 0}
        return names.union(*(sent.versions.keys() for sent in self.in_flight))

    def open(self, versions: Mapping[str, str]) -> None:
        """The proxy still holds these from an earlier stream."""
        self.accepted = {name: Held(version, 0) for name, version in versions.items()}

    def tell_again(self, names: Iterable[str]) -> None:
        """Tell these once more; an answer to what is on its way no longer speaks for them."""
        for name in names:
            self.again.setdefault(name, set()).add("")
            self.refused.pop(name, None)
            self._void(name)

    def keep(self, covers: Callable[[str], bool]) -> None:
        """Forget what the proxy no longer wants: it has forgotten it too."""
        for name in self.known() | self.refused.keys():
            if not covers(name):
                self._drop(name)
                self._void(name)

    def send(self, sent: Sent) -> None:
        """A response is on its way."""
        self.in_flight.append(sent)

    def accept(self, nonce: str) -> Answer | None:
        """The proxy accepted a response; None if that is not news."""
        answered = self._take(nonce)
        for sent in answered:
            for name in sent.removed:
                self._drop(name)
            for name in sent.versions.keys() - sent.void:
                self._drop(name)
                self.accepted[name] = Held(sent.versions[name], sent.round)
        return _merged(answered)

    def refuse(self, nonce: str, find_culprits: bool) -> Answer | None:
        """The proxy refused a response; None if that is not news."""
        answered = self._take(nonce)
        answer = _merged(answered)
        if answer is None:
            return None
        if answer.culprit is not None:
            self._refuse(answer.culprit, answer.versions[answer.culprit])
        elif answer.versions:
            self._doubt(answer, frozenset().union(*(sent.void for sent in answered)))
            self._blame(answer, find_culprits)
        else:
            for name in answer.removed:
                self._drop(name)  # it was told: nothing else can be done
        return answer

    def _refuse(self, name: str, version: str) -> None:
        """Alone: it was not applied. A doubt about other versions remains."""
        self.refused[name] = version
        self._not_alone(name)
        if self.again.get(name, {version}) <= {version}:
            self.again.pop(name, None)

    def _doubt(self, answer: Answer, void: frozenset[str]) -> None:
        for name in (answer.versions.keys() | answer.removed) - void:
            doubts = self.again.setdefault(name, set())
            doubts.update({answer.versions[name]} if name in answer.versions else ())

    def _blame(self, answer: Answer, find_culprits: bool) -> None:
        if find_culprits:
            self.alone |= answer.versions.keys() & self.again.keys()
        else:
            self.refused.update(answer.versions)

    def _take(self, nonce: str) -> list[Sent]:
        """The responses answered by a nonce: its own and older ones; none if it is not one we wait for."""
        for index, sent in enumerate(self.in_flight):
            if sent.nonce == nonce:
                answered = self.in_flight[: index + 1]
                del self.in_flight[: index + 1]
                return answered
        return []

    def _drop(self, name: str) -> None:
        self.accepted.pop(name, None)
        self.refused.pop(name, None)
        self.again.pop(name, None)
        self._not_alone(name)

    def _not_alone(self, name: str) -> None:
        if name in self.alone:
            self.alone = self.alone - {name} or NO_NAMES

    def _void(self, name: str) -> None:
        for sent in self.in_flight:
            sent.void.add(name)


def _merged(answered: Iterable[Sent]) -> Answer | None:
    """All of them as one; None for none."""
    found: Answer | None = None
    for sent in answered:
        before = found or Answer({}, NO_NAMES)
        versions = {**before.versions, **sent.versions}
        kept = {name: version for name, version in versions.items() if name not in sent.removed}
        found = Answer(kept, (before.removed - sent.versions.keys()) | sent.removed)
    return found
