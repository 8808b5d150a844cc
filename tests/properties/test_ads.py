"""A delta stream fed anything converges, in order, with one response at a time.

Two peers play the proxy, with messages on their way in both directions and delivered at any moment: one behaves
as Envoy does (endpoints and routes asked for by name, good clusters of a refused response applied), one is an
agent (wildcards, a refused type goes back as a whole). What a version needs and whether the proxy refuses it is
written in the version: `3>ab` needs the clusters a and b, `3!` is refused.
"""

from collections import deque
from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tulle.ads.client import DeltaClient
from tulle.ads.delta import DeltaStream, RefusedByProxy
from tulle.ads.messages import (
    ReceivedResponse,
    Request,
    Response,
    decode_response,
    encode_response,
    frame_resource,
)
from tulle.xds.snapshots import Reference, TypeUrl, XdsResource, XdsSnapshot, snapshot_of

CLUSTERS, USERS = "abc", "lm"
CDS, EDS, LDS, RDS, ECDS = (
    TypeUrl.CLUSTER,
    TypeUrl.ENDPOINTS,
    TypeUrl.LISTENER,
    TypeUrl.ROUTE,
    TypeUrl.EXTENSION,
)


def needs_of(version: str) -> set[str]:
    return set(version.partition(">")[2].rstrip("!"))


def rules_of(user: str) -> str:
    """The filter configuration of a listener."""
    return user.upper()


def is_refused(version: str) -> bool:
    return version.endswith("!")


def xds(name: str, version: str) -> XdsResource:
    return XdsResource(name, version, frame_resource(name, version, b""))


@st.composite
def snapshots(draw: st.DrawFn) -> XdsSnapshot:
    """Clusters with endpoints; per user a listener, a filter configuration and a route to some clusters."""
    resources: list[tuple[TypeUrl, XdsResource]] = []
    references: list[Reference] = []
    number = st.sampled_from(["1", "2", "3", "4!"])
    clusters = draw(st.sets(st.sampled_from(CLUSTERS)))
    for name in sorted(clusters):
        resources += [(CDS, xds(name, draw(number))), (EDS, xds(name, draw(number)))]
        references.append(Reference(name, EDS, name))
    for name in sorted(draw(st.sets(st.sampled_from(USERS)))):
        needs = draw(st.sets(st.sampled_from(sorted(clusters)))) if clusters else set()
        bad = draw(st.sampled_from(["", "", "", "!"]))
        route = f"{draw(st.sampled_from('12'))}>{''.join(sorted(needs))}{bad}"
        resources += [(RDS, xds(name, route)), (ECDS, xds(rules_of(name), draw(number)))]
        resources.append((LDS, xds(name, draw(number))))
        references += [Reference(name, RDS, name), Reference(name, ECDS, rules_of(name))]
        references += [Reference(name, CDS, need) for need in sorted(needs)]
    return snapshot_of(resources, references)


class Envoy:
    """Asks as Envoy asks, applies what Envoy applies."""

    def __init__(self) -> None:
        self.held: dict[TypeUrl, dict[str, str]] = {type_url: {} for type_url in TypeUrl}

    def open(self) -> list[Request]:
        wildcards = [
            Request(type_url, initial_versions=self.held[type_url]) for type_url in (CDS, LDS)
        ]
        named = [
            Request(type_url, tuple(self.wanted(type_url)), initial_versions=self.held[type_url])
            for type_url in (EDS, ECDS, RDS)
        ]
        return [*wildcards, *named]

    def wanted(self, type_url: TypeUrl) -> list[str]:
        """What it asks for by name; of the wildcards, what it has."""
        if type_url == ECDS:
            return sorted(map(rules_of, self.held[LDS]))
        users = {EDS: CDS, RDS: LDS}
        return sorted(self.held[users.get(type_url, type_url)])

    def take(self, response: ReceivedResponse) -> list[Request]:
        type_url = TypeUrl(response.type_url)
        before = {other: set(self.wanted(other)) for other in (EDS, ECDS, RDS)}
        for name in response.removed:
            self.held[type_url].pop(name, None)
        bad = [one.name for one in response.resources if is_refused(one.version)]
        partial = type_url in {CDS, LDS}
        for one in response.resources:
            if one.name in bad and not partial:
                break
            if one.name not in bad and (partial or one.name in self.wanted(type_url)):
                self.held[type_url][one.name] = one.version
                if type_url == CDS:  # it warms: until endpoints come once more there are none
                    self.held[EDS].pop(one.name, None)
        answer = Request(type_url, nonce=response.nonce, error=f"no {bad}" if bad else None)
        return [*self.resubscribe(before), answer]

    def resubscribe(self, before: dict[TypeUrl, set[str]]) -> Iterable[Request]:
        for type_url, names in before.items():
            now = set(self.wanted(type_url))
            for name in names - now:
                self.held[type_url].pop(name, None)
            if now != names:
                yield Request(type_url, tuple(sorted(now - names)), tuple(sorted(names - now)))


class Agent:
    """Asks for everything; what is refused goes back as a whole."""

    def __init__(self) -> None:
        self.client = DeltaClient("n", XdsSnapshot())

    @property
    def held(self) -> dict[TypeUrl, dict[str, str]]:
        offered = self.client.offered
        return {
            type_url: {name: one.version for name, one in offered.of(type_url).items()}
            for type_url in TypeUrl
        }

    def open(self) -> list[Request]:
        return self.client.open()

    def wanted(self, type_url: TypeUrl) -> list[str]:
        return sorted(self.held[type_url])

    def take(self, response: ReceivedResponse) -> list[Request]:
        self.client.on_response(response)
        bad = [one.name for one in response.resources if is_refused(one.version)]
        if bad:
            return [self.client.refuse(response.type_url, f"no {bad}")]
        return [self.client.accept(response.type_url)]


class StreamMachine(RuleBasedStateMachine):
    """The stream, a peer, and what is on its way between them."""

    peer_type: type[Envoy] | type[Agent] = Envoy

    @initialize(first=snapshots())
    def begin(self, first: XdsSnapshot) -> None:
        self.peer = self.peer_type()
        self.truth = first
        self.connect()

    def connect(self) -> None:
        self.stream = DeltaStream()
        self.to_peer: deque[bytes] = deque()
        self.to_stream: deque[Request] = deque()
        self.unanswered: dict[str, int] = {}
        self.emit(self.stream.on_snapshot(self.truth))
        for request in self.peer.open():
            self.emit(self.stream.on_request(request))

    def emit(self, responses: list[Response]) -> None:
        for response in responses:
            waiting = self.unanswered.get(response.type_url, 0) + 1
            self.unanswered[response.type_url] = waiting
            assert waiting <= (3 if response.type_url == CDS else 1)
            self.to_peer.append(encode_response(response))

    @rule(truth=snapshots())
    def change(self, truth: XdsSnapshot) -> None:
        self.truth = truth
        self.emit(self.stream.on_snapshot(truth))

    @rule()
    def grace(self) -> None:
        self.emit(self.stream.on_grace())

    @precondition(lambda self: self.to_peer)
    @rule()
    def deliver_response(self) -> None:
        response = decode_response(self.to_peer.popleft())
        self.to_stream.extend(self.peer.take(response))

    @precondition(lambda self: self.to_stream)
    @rule()
    def deliver_request(self) -> None:
        request = self.to_stream.popleft()
        if request.nonce:
            self.unanswered[request.type_url] -= 1
        self.emit(self.stream.on_request(request))

    @rule()
    def reconnect(self) -> None:
        self.connect()

    @precondition(lambda self: self.peer.wanted(EDS))
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.peer.wanted(EDS)))
        self.to_stream.append(Request(EDS, (name,)))

    @invariant()
    def no_route_without_its_clusters(self) -> None:
        """Neither a route that came before its cluster, nor a cluster that went before its route."""
        if hasattr(self, "peer"):
            held = self.peer.held
            for version in held[RDS].values():
                assert needs_of(version) <= held[CDS].keys()

    @rule()
    def settle(self) -> None:
        """Without news, everything comes to rest, and the proxy has the truth."""
        for _ in range(4):
            self.exchange_all()
            self.grace()
        self.exchange_all()
        held = self.peer.held
        assert not self.stream.removals_due or self.refused()
        for type_url, resources in self.truth.by_type.items():
            for name, one in resources.items():
                self.check(held, type_url, name, one.version)
        if not self.refused():
            assert self.stream.in_sync
            expected = {type_url: dict(self.versions(type_url)) for type_url in TypeUrl}
            assert held == expected

    def exchange_all(self) -> None:
        for _ in range(1000):
            if self.to_peer:
                self.deliver_response()
            elif self.to_stream:
                self.deliver_request()
            else:
                return
        raise AssertionError("the two never stop talking")

    def check(
        self, held: dict[TypeUrl, dict[str, str]], type_url: TypeUrl, name: str, version: str
    ) -> None:
        assert not is_refused(held[type_url].get(name, ""))
        if is_refused(version):
            assert not self.stream.in_sync or type_url not in {CDS, LDS}
        elif self.expects(type_url, name):
            assert held[type_url].get(name) == version, (type_url, name)

    def expects(self, type_url: TypeUrl, name: str) -> bool:
        """Whether nothing refused stands in the way of a good version."""
        if type_url in {CDS, EDS, ECDS}:
            return name in self.peer.wanted(type_url)
        found = self.truth.of(RDS)[name].version
        reasons = [self.truth.of(base)[need] for base in (CDS, EDS) for need in needs_of(found)]
        if type_url == LDS:
            reasons.append(self.truth.of(ECDS)[rules_of(name)])
        good = not any(is_refused(one.version) for one in reasons)
        return good and name in self.peer.wanted(type_url)

    def refused(self) -> bool:
        return any(
            is_refused(version) for type_url in TypeUrl for _, version in self.versions(type_url)
        )

    def versions(self, type_url: TypeUrl) -> list[tuple[str, str]]:
        return [(name, one.version) for name, one in self.truth.of(type_url).items()]

    def teardown(self) -> None:
        if hasattr(self, "peer"):
            self.settle()
            for event in self.stream.take_events():
                if isinstance(event, RefusedByProxy) and event.name is not None:
                    assert is_refused(event.version), event


class AgentMachine(StreamMachine):
    peer_type = Agent


TestEnvoy = StreamMachine.TestCase
TestEnvoy.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestAgent = AgentMachine.TestCase
TestAgent.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
