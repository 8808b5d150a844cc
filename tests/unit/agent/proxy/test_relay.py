"""The relay with both its peers played by hand: what it says to whom, and when."""

from tulle.ads.messages import ReceivedResponse, Request, frame_resource
from tulle.agent.proxy.relay import Out, Relay, Stance
from tulle.xds.names import IDENTITY
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl, XdsResource, XdsSnapshot, snapshot_of

CLUSTER, LISTENER, ROUTE, SECRET = (
    TypeUrl.CLUSTER,
    TypeUrl.LISTENER,
    TypeUrl.ROUTE,
    TypeUrl.SECRET,
)


def resource(name: str, version: str = "1") -> XdsResource:
    return XdsResource(name, version, frame_resource(name, version, b"\x0a\x01x"))


KEY = resource(IDENTITY, "key-1")


class Play:
    """A relay, the nonces both sides are at, and everything said so far."""

    def __init__(self, held: XdsSnapshot | None = None) -> None:
        self.relay = Relay("shop/web-1", held, KEY)
        self.opening = self.relay.open_upstream().up
        self.up: list[Request] = []
        self.down: list = []
        self.accepted = 0
        self._nonce = 0

    def take(self, out: Out) -> Out:
        self.up += out.up
        self.down += [response for _, response in out.down]
        self.accepted += out.accepted
        return out

    def control_plane(self, type_url: TypeUrl, *resources: XdsResource, removed=()) -> str:
        self._nonce += 1
        nonce = f"cp-{self._nonce}"
        self.take(self.relay.on_response(ReceivedResponse(type_url, nonce, resources, removed)))
        return nonce

    def everything(self, **by_type: list[XdsResource]) -> None:
        """The control plane answers every type, in its order for caches."""
        for type_url in (SECRET, TypeUrl.ENDPOINTS, CLUSTER, TypeUrl.EXTENSION, ROUTE, LISTENER):
            self.control_plane(type_url, *by_type.get(type_url.name, []))

    def envoy_asks(self, type_url: TypeUrl, *names: str) -> None:
        self.take(self.relay.on_request(Request(type_url, subscribe=names, node_id="n")))

    def envoy_answers(self, type_url: TypeUrl, error: str | None = None) -> Out:
        """To the latest response of a type."""
        nonce = next(sent.nonce for sent in reversed(self.down) if sent.type_url == type_url)
        return self.take(self.relay.on_request(Request(type_url, nonce=nonce, error=error)))

    def sent_down(self, type_url: TypeUrl) -> list[dict[str, str]]:
        return [dict(sent.versions) for sent in self.down if sent.type_url == type_url]

    def answers_up(self, type_url: TypeUrl) -> list[tuple[str, str | None]]:
        return [(said.nonce, said.error) for said in self.up if said.type_url == type_url]


def running() -> Play:
    """An Envoy that has one cluster and one listener, everything confirmed."""
    play = Play()
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.everything(CLUSTER=[resource("c")], LISTENER=[resource("l")])
    play.envoy_answers(CLUSTER)
    play.envoy_asks(LISTENER, "*")
    play.envoy_answers(LISTENER)
    assert play.relay.in_sync
    play.up.clear()
    play.down.clear()
    return play


def test_it_asks_the_control_plane_for_everything():
    assert {(said.type_url, said.subscribe) for said in Play().opening} == {
        (type_url, ("*",)) for type_url in FOR_ENVOY
    }


def test_the_control_plane_hears_accepted_only_after_envoy_said_so():
    play = running()
    nonce = play.control_plane(CLUSTER, resource("c", "2"))
    assert play.sent_down(CLUSTER) == [{"c": "2"}]
    assert play.answers_up(CLUSTER) == []

    play.envoy_answers(CLUSTER)

    assert play.answers_up(CLUSTER) == [(nonce, None)]
    assert play.relay.accepted.of(CLUSTER)["c"].version == "2"


def test_without_an_envoy_nothing_is_accepted():
    play = Play()
    play.everything(CLUSTER=[resource("c")])

    assert play.up == []
    assert play.relay.accepted == XdsSnapshot()


def test_an_envoy_that_comes_later_gets_what_was_offered_and_its_answer_goes_up():
    play = Play()
    play.everything(CLUSTER=[resource("c")], LISTENER=[resource("l")])
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.envoy_answers(CLUSTER)
    play.envoy_asks(LISTENER, "*")
    play.envoy_answers(LISTENER)

    assert {said.type_url for said in play.up} == set(FOR_ENVOY)
    assert all(said.error is None for said in play.up)
    assert play.relay.is_complete


def test_a_refusal_goes_up_in_envoys_words_and_envoy_keeps_what_it_had():
    play = running()
    nonce = play.control_plane(CLUSTER, resource("c", "bad"))
    out = play.envoy_answers(CLUSTER, error="no such thing")

    assert play.answers_up(CLUSTER) == [(nonce, "no such thing")]
    assert [refusal.detail for refusal in out.refused] == ["no such thing"]
    assert play.relay.accepted.of(CLUSTER)["c"].version == "1"
    assert play.relay.in_sync


def test_the_control_planes_search_for_a_culprit_reaches_envoy():
    """It sends what was refused together once more, one by one, in the same versions."""
    play = running()
    play.control_plane(CLUSTER, resource("fine"), resource("wrong"))
    play.envoy_answers(CLUSTER, error="one of them is wrong")
    fine = play.control_plane(CLUSTER, resource("fine"))
    assert "fine" in play.sent_down(CLUSTER)[-1]
    play.envoy_answers(CLUSTER)
    wrong = play.control_plane(CLUSTER, resource("wrong"))
    assert play.sent_down(CLUSTER)[-1] == {"wrong": "1"}
    play.envoy_answers(CLUSTER, error="wrong")

    assert play.answers_up(CLUSTER)[-2:] == [(fine, None), (wrong, "wrong")]
    assert set(play.relay.accepted.of(CLUSTER)) == {"c", "fine"}


def test_envoy_is_not_told_of_types_nobody_has_spoken_of():
    play = Play()
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.envoy_asks(LISTENER, "*")
    play.control_plane(CLUSTER, resource("c"))

    assert play.sent_down(CLUSTER) == [{"c": "1"}]
    assert play.sent_down(LISTENER) == []

    play.control_plane(LISTENER)
    assert play.sent_down(LISTENER) == [{}]


def test_before_listeners_are_known_types_envoy_never_asked_for_are_accepted():
    """The control plane sends listeners only when what they need was accepted: who waits for whom?"""
    play = Play()
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    extension = play.control_plane(TypeUrl.EXTENSION, resource("access:80"))

    assert play.answers_up(TypeUrl.EXTENSION) == [(extension, None)]


def test_a_listener_is_accepted_only_with_the_routes_it_made_envoy_ask_for():
    play = running()
    play.control_plane(ROUTE, resource("r"))
    listener = play.control_plane(LISTENER, resource("l", "2"))
    play.envoy_asks(ROUTE, "r")
    play.envoy_answers(LISTENER)
    assert play.answers_up(LISTENER) == []

    play.envoy_answers(ROUTE)

    assert play.answers_up(LISTENER) == [(listener, None)]


def test_the_key_goes_down_and_never_up():
    play = running()
    play.envoy_asks(SECRET, IDENTITY)
    assert play.sent_down(SECRET) == [{IDENTITY: "key-1"}]
    play.envoy_answers(SECRET)

    assert IDENTITY not in play.relay.accepted.of(SECRET)
    assert all(IDENTITY not in said.initial_versions for said in play.relay.open_upstream().up)


def test_a_renewed_key_is_pushed_at_once():
    play = running()
    play.envoy_asks(SECRET, IDENTITY)
    play.envoy_answers(SECRET)
    play.take(play.relay.renew("shop/web-1", resource(IDENTITY, "key-2")))

    assert play.sent_down(SECRET) == [{IDENTITY: "key-1"}, {IDENTITY: "key-2"}]


def test_a_certificate_of_another_workload_asks_by_its_name_and_keeps_what_is_held():
    play = running()
    play.control_plane(SECRET, resource("peers:api"))
    play.envoy_asks(SECRET, IDENTITY, "peers:api")
    play.envoy_answers(SECRET)
    play.take(play.relay.renew("shop/web-2", resource(IDENTITY, "key-2")))

    asked = play.relay.open_upstream().up
    assert {request.node_id for request in asked} == {"shop/web-2"}
    assert any("peers:api" in request.initial_versions for request in asked)


def test_nobody_else_can_offer_the_key():
    play = running()
    play.envoy_asks(SECRET, IDENTITY)
    play.envoy_answers(SECRET)
    play.control_plane(SECRET, resource(IDENTITY, "evil"))

    assert play.sent_down(SECRET) == [{IDENTITY: "key-1"}]


def test_a_refused_key_is_no_matter_of_the_control_plane():
    play = running()
    play.envoy_asks(SECRET, IDENTITY)
    out = play.envoy_answers(SECRET, error="bad key")

    assert (out.up, out.reopen) == ((), False)
    assert [refusal.name for refusal in out.refused] == [IDENTITY]


def test_an_envoy_that_restarts_is_answered_from_memory():
    play = running()
    play.relay.close_downstream()
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")

    assert play.sent_down(CLUSTER) == [{"c": "1"}]
    assert play.up == []


def test_a_change_is_not_accepted_by_an_envoy_that_only_just_came():
    play = running()
    play.relay.close_downstream()
    play.control_plane(ROUTE, resource("r", "2"))
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.envoy_answers(CLUSTER)

    assert play.answers_up(ROUTE) == []


def test_an_envoy_is_answered_from_disk_before_any_control_plane():
    held = snapshot_of([(CLUSTER, resource("c")), (LISTENER, resource("l"))])
    play = Play(held)
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.envoy_answers(CLUSTER)
    play.envoy_asks(LISTENER, "*")
    play.envoy_answers(LISTENER)

    assert play.sent_down(LISTENER) == [{"l": "1"}]
    assert play.relay.in_sync
    assert {"c": "1"} in [dict(said.initial_versions) for said in play.opening]


def test_what_an_envoy_refuses_of_last_time_is_asked_for_anew():
    held = snapshot_of([(CLUSTER, resource("c")), (LISTENER, resource("l"))])
    play = Play(held)
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    out = play.envoy_answers(CLUSTER, error="newer binary")

    assert out.reopen
    versions = {
        said.type_url: dict(said.initial_versions) for said in play.relay.open_upstream().up
    }
    assert versions[CLUSTER] == {}
    assert versions[LISTENER] == {"l": "1"}


def test_that_holds_though_an_answer_to_the_control_plane_is_due():
    play = Play(snapshot_of([(CLUSTER, resource("c")), (LISTENER, resource("l"))]))
    play.relay.open_downstream()
    play.envoy_asks(CLUSTER, "*")
    play.control_plane(CLUSTER)  # nothing new

    assert play.envoy_answers(CLUSTER, error="newer binary").reopen
    assert play.answers_up(CLUSTER) == []


def test_what_nothing_uses_any_more_is_taken_from_envoy_after_a_grace():
    play = running()
    play.control_plane(CLUSTER, removed=("c",))
    assert [sent.removed for sent in play.down] == []

    for _ in range(3):
        play.take(play.relay.on_grace())

    assert [sent.removed for sent in play.down] == [("c",)]


def test_without_envoy_its_words_and_the_clock_mean_nothing():
    play = Play()

    assert play.relay.on_request(Request(CLUSTER, subscribe=("*",))) == Out()
    assert play.relay.on_grace() == Out()


def test_names_end_with_the_agent_and_are_confirmed_without_an_envoy() -> None:
    relay = Relay("shop/web-1", None, KEY, tuple(TypeUrl))
    assert TypeUrl.NAME in {request.type_url for request in relay.open_upstream().up}
    assert relay.names is None
    out = relay.on_response(ReceivedResponse(TypeUrl.NAME, "7", (resource("shop/api"),)))
    assert out.renamed
    assert out.accepted
    assert [(said.type_url, said.nonce, said.error) for said in out.up] == [
        (TypeUrl.NAME, "7", None)
    ]
    assert list(relay.names or ()) == ["shop/api"]
    assert TypeUrl.NAME in relay.accepted.by_type


def test_names_of_an_earlier_run_are_known_from_the_start() -> None:
    held = snapshot_of([(TypeUrl.NAME, resource("shop/api"))])
    assert list(Relay("n", held, KEY, tuple(TypeUrl)).names or ()) == ["shop/api"]


def test_an_envoy_never_hears_of_names() -> None:
    relay = Relay("n", None, KEY, tuple(TypeUrl))
    relay.open_upstream()
    relay.on_response(ReceivedResponse(TypeUrl.NAME, "7", (resource("shop/api"),)))
    relay.open_downstream()
    out = relay.on_request(Request(TypeUrl.NAME, subscribe=("*",)))
    assert [sent.versions for _, sent in out.down] == [{}]


# Two Envoys: one leaves, its heir comes.


class Two:
    """A running Envoy 0 and an heir 1, each with what it was sent."""

    def __init__(self) -> None:
        self.play = running()
        self.relay = self.play.relay
        self.sent: dict[int, list] = {0: [], 1: []}

    def take(self, out: Out) -> Out:
        for number, response in out.down:
            self.sent[number].append(response)
        self.play.up += out.up
        return out

    def heir_comes(self) -> None:
        self.relay.open_downstream(1)
        for type_url in (CLUSTER, LISTENER):
            self.take(self.relay.on_request(Request(type_url, subscribe=("*",)), 1))

    def answers(self, number: int, type_url: TypeUrl, error: str | None = None) -> Out:
        nonce = next(r.nonce for r in reversed(self.sent[number]) if r.type_url == type_url)
        return self.take(self.relay.on_request(Request(type_url, nonce=nonce, error=error), number))

    def heir_has_all(self) -> None:
        self.heir_comes()
        self.answers(1, CLUSTER)
        self.answers(1, LISTENER)

    def control_plane(self, type_url: TypeUrl, *resources: XdsResource) -> None:
        self.take(self.relay.on_response(ReceivedResponse(type_url, "n", resources)))


def test_both_are_told_everything():
    two = Two()
    two.heir_has_all()
    two.sent = {0: [], 1: []}
    two.control_plane(CLUSTER, resource("c", "2"))

    assert [dict(r.versions) for r in two.sent[0]] == [{"c": "2"}]
    assert [dict(r.versions) for r in two.sent[1]] == [{"c": "2"}]


def test_until_the_heir_has_all_the_old_one_speaks():
    two = Two()
    two.heir_comes()
    two.control_plane(CLUSTER, resource("c", "2"))
    two.answers(1, CLUSTER)
    assert two.play.answers_up(CLUSTER) == []

    two.answers(0, CLUSTER)
    assert two.play.answers_up(CLUSTER) == [("n", None)]


def test_from_then_on_only_the_heir_is_heard():
    two = Two()
    two.heir_has_all()
    two.control_plane(CLUSTER, resource("c", "2"))
    two.answers(0, CLUSTER)
    assert two.play.answers_up(CLUSTER) == []

    two.answers(1, CLUSTER)
    assert two.play.answers_up(CLUSTER) == [("n", None)]


def test_an_heir_that_goes_leaves_the_word_to_the_old_one():
    two = Two()
    two.heir_has_all()
    two.control_plane(CLUSTER, resource("c", "2"))
    two.answers(0, CLUSTER)

    two.take(two.relay.close_downstream(1))
    assert two.play.answers_up(CLUSTER) == [("n", None)]
    assert two.relay.in_sync


def test_what_an_heir_refuses_of_what_was_accepted_once_is_asked_for_anew():
    two = Two()
    two.heir_comes()
    two.answers(1, CLUSTER)
    out = two.answers(1, LISTENER, error="too old for me")

    assert [refusal.detail for refusal in out.refused] == ["too old for me"]
    assert not out.reopen  # the old one has it still
    assert two.relay.close_downstream(0).reopen


def test_one_that_is_retired_gets_no_listeners_and_is_not_heard():
    two = Two()
    two.heir_has_all()
    two.take(two.relay.retire(0))
    two.take(two.relay.on_grace())
    two.take(two.relay.on_grace())

    assert [r.removed for r in two.sent[0] if r.type_url == LISTENER] == [("l",)]
    assert all(not r.removed for r in two.sent[1])
    assert two.relay.in_sync


def test_what_an_envoy_needs_is_known_when_every_type_was_spoken_of():
    assert not Play().relay.is_known
    assert Play(held=XdsSnapshot()).relay.is_known


def test_an_envoy_whose_listeners_are_withheld_gets_everything_else():
    two = Two()
    two.relay.withhold(1)
    two.heir_comes()
    two.answers(1, CLUSTER)
    assert [response.type_url for response in two.sent[1]] == [CLUSTER]
    assert two.relay.stance(1) is Stance.ASKS

    two.take(two.relay.retire(0))
    assert two.relay.stance(0) is Stance.WAITS
    two.answers(0, LISTENER)
    assert two.relay.stance(0) is Stance.HAS_NONE
    two.take(two.relay.release(1))
    two.answers(1, LISTENER)
    assert two.relay.stance(1) is Stance.HAS_ALL


def test_listeners_whose_ports_were_taken_are_offered_again_when_asked_to():
    two = Two()
    two.heir_comes()
    two.answers(1, CLUSTER)
    two.answers(1, LISTENER, error="address in use")
    assert two.relay.stance(1) is Stance.REFUSES

    two.take(two.relay.release(1))
    two.answers(1, LISTENER)
    assert two.relay.stance(1) is Stance.HAS_ALL
    assert two.play.answers_up(LISTENER) == []


def test_one_that_retired_in_vain_gets_its_listeners_back():
    two = Two()
    two.take(two.relay.retire(0))
    two.answers(0, LISTENER)
    two.take(two.relay.retire(0, retired=False))

    assert [dict(r.versions) for r in two.sent[0] if r.versions] == [{"l": "1"}]
    assert two.relay.stance(7) is Stance.AWAY


def test_workloads_of_one_process_hold_each_name_once() -> None:
    def told() -> XdsResource:
        relay = Relay("n", None, KEY, tuple(TypeUrl))
        relay.open_upstream()
        relay.on_response(ReceivedResponse(TypeUrl.NAME, "7", (resource("shop/api"),)))
        relays.append(relay)
        return (relay.names or {})["shop/api"]

    relays: list[Relay] = []
    assert told() is told()
