"""Playbooks: a stream's life as a script of what is fed in (`>>`) and what must come out (`<<`).

One line per event and response, in short words:

    truth("CDS a@1", "RDS r@1 needs a")     a snapshot: resources with versions, and what they need by name
    says("CDS *"), says("EDS +a -b")        the proxy subscribes and unsubscribes
    says("CDS ack"), says("CDS nack why")   it answers the oldest response of the type
    grace()                                 a second has passed
    "CDS a@2 -b"                            a response: resources and removals; "CDS" alone is an empty one
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tulle.ads.delta import DeltaStream, Event
from tulle.ads.messages import Request, Response, frame_resource
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey
from tulle.xds.snapshots import Reference, TypeUrl, XdsResource, XdsSnapshot, snapshot_of

TYPES = {
    "SDS": TypeUrl.SECRET,
    "CDS": TypeUrl.CLUSTER,
    "EDS": TypeUrl.ENDPOINTS,
    "ECDS": TypeUrl.EXTENSION,
    "LDS": TypeUrl.LISTENER,
    "RDS": TypeUrl.ROUTE,
    "NDS": TypeUrl.NAME,
}
SHORT = {type_url: short for short, type_url in TYPES.items()}


def resource(text: str) -> XdsResource:
    """`a@1` as a resource that came from HTTPRoute shop/a."""
    name, _, version = text.partition("@")
    origin = Origin(ResourceKey("HTTPRoute", "shop", name), "spec")
    return XdsResource(name, version, frame_resource(name, version, text.encode()), (origin,))


def snapshot(*lines: str) -> XdsSnapshot:
    """Lines such as `RDS r@1 q@1 needs CDS:a`; a need without a type is a cluster."""
    resources: list[tuple[TypeUrl, XdsResource]] = []
    references: list[Reference] = []
    for line in lines:
        left, _, needs = line.partition(" needs ")
        short, *texts = left.split()
        found = [resource(text) for text in texts]
        resources += [(TYPES[short], one) for one in found]
        references += [_reference(one.name, need) for one in found for need in needs.split()]
    return snapshot_of(resources, references)


def _reference(source: str, need: str) -> Reference:
    short, colon, name = need.partition(":")
    return Reference(source, TYPES[short] if colon else TypeUrl.CLUSTER, name if colon else need)


def shown(response: Response) -> str:
    """A response in the playbook's words."""
    named = [f"{name}@{version}" for name, version in response.versions.items()]
    gone = [f"-{name}" for name in response.removed]
    return " ".join([SHORT.get(TypeUrl(response.type_url), "?"), *named, *gone])


Act = Callable[["Playbook"], Iterable[Response]]


def truth(*lines: str) -> Act:
    found = snapshot(*lines)
    return lambda play: play.stream.on_snapshot(found)


def grace() -> Act:
    return lambda play: play.stream.on_grace()


def says(text: str, **more: object) -> Act:
    short, *words = text.split()

    def act(play: "Playbook") -> Iterable[Response]:
        return play.stream.on_request(play.request(TYPES[short], words, **more))

    return act


@dataclass
class Playbook:
    """Fails as soon as something unexpected is sent; `bool` checks that nothing is left unclaimed."""

    stream: DeltaStream = field(default_factory=DeltaStream)
    unclaimed: list[str] = field(default_factory=list)
    nonces: dict[str, list[str]] = field(default_factory=dict)

    def request(self, type_url: TypeUrl, words: list[str], **more: object) -> Request:
        if words[:1] == ["ack"]:
            return Request(type_url, nonce=self.nonces[type_url].pop(0), **more)  # type: ignore[arg-type]
        if words[:1] == ["nack"]:
            error = " ".join(words[1:])
            return Request(type_url, nonce=self.nonces[type_url].pop(0), error=error)
        added = tuple(word.removeprefix("+") for word in words if not word.startswith("-"))
        dropped = tuple(word.removeprefix("-") for word in words if word.startswith("-"))
        return Request(type_url, added, dropped, **more)  # type: ignore[arg-type]

    def __rshift__(self, act: Act) -> "Playbook":
        assert not self.unclaimed, f"also sent: {self.unclaimed}"
        for response in act(self):
            self.nonces.setdefault(response.type_url, []).append(response.nonce)
            self.unclaimed.append(shown(response))
        return self

    def __lshift__(self, expected: str) -> "Playbook":
        assert self.unclaimed, f"expected {expected!r}, nothing was sent"
        assert self.unclaimed.pop(0) == expected
        return self

    def __bool__(self) -> bool:
        assert not self.unclaimed, f"also sent: {self.unclaimed}"
        return True

    def events(self) -> list[Event]:
        return self.stream.take_events()
