"""The agent's end, alone and against the control plane's end."""

from dataclasses import replace

import pytest
from tests.unit.ads.playbooks import resource, snapshot

from tulle.ads.client import DeltaClient
from tulle.ads.delta import DeltaStream, RefusedByProxy
from tulle.ads.messages import (
    ReceivedResponse,
    Response,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl, XdsSnapshot

CDS, LDS = TypeUrl.CLUSTER, TypeUrl.LISTENER


def shown(snapshot_: XdsSnapshot) -> list[str]:
    return [
        f"{one.name}@{one.version}"
        for resources in snapshot_.by_type.values()
        for one in resources.values()
    ]


def test_it_asks_for_everything_it_does_not_hold() -> None:
    client = DeltaClient("shop/web-abcde", snapshot("CDS a@1"))
    requests = {request.type_url: request for request in client.open()}
    assert set(requests) == set(FOR_ENVOY)
    assert requests[CDS].initial_versions == {"a": "1"}
    assert requests[LDS].initial_versions == {}
    assert {request.node_id for request in requests.values()} == {"shop/web-abcde"}


def test_what_is_offered_is_held_once_it_is_accepted() -> None:
    client = DeltaClient("n", snapshot("CDS a@1 b@1"))
    client.open()
    offered = client.on_response(ReceivedResponse(CDS, "4", (resource("a@2"),), ("b",)))
    assert shown(offered) == ["a@2"]
    assert shown(client.accepted) == ["a@1", "b@1"]
    assert client.unanswered == (CDS,)
    answer = client.accept(CDS)
    assert (answer.nonce, answer.error) == ("4", None)
    assert shown(client.accepted) == ["a@2"]
    assert client.unanswered == ()


def test_what_is_refused_goes_back_to_what_was_accepted_last() -> None:
    client = DeltaClient("n", snapshot("CDS a@1 b@1"))
    client.on_response(ReceivedResponse(CDS, "4", (resource("a@2"),), ("b",)))
    answer = client.refuse(CDS, "bad ring")
    assert (answer.nonce, answer.error) == ("4", "bad ring")
    assert shown(client.offered) == ["a@1", "b@1"]


def test_a_new_stream_starts_from_what_was_accepted() -> None:
    client = DeltaClient("n", XdsSnapshot())
    client.on_response(ReceivedResponse(CDS, "4", (resource("a@1"),)))
    client.open()
    assert shown(client.offered) == []
    assert client.unanswered == ()


def test_it_is_complete_once_every_type_was_answered_on_this_stream() -> None:
    client = DeltaClient("n", XdsSnapshot())
    client.open()
    for number, type_url in enumerate(FOR_ENVOY):
        assert not client.is_complete
        client.on_response(ReceivedResponse(type_url, str(number)))
        client.accept(type_url)
    assert client.is_complete
    client.open()
    assert not client.is_complete


def test_a_type_nobody_asked_for_is_refused() -> None:
    with pytest.raises(ProtocolError):
        DeltaClient("n", XdsSnapshot()).on_response(ReceivedResponse("type/x", "1"))


class Pair:
    """Both ends in memory, every message through its bytes; `refuses` are versions the Envoy does not take."""

    def __init__(self, refuses: tuple[str, ...] = ()) -> None:
        self.stream = DeltaStream()
        self.client = DeltaClient("n", XdsSnapshot())
        self.refuses = refuses
        self.sent = 0

    def open(self) -> None:
        for request in self.client.open():
            self.carry(self.stream.on_request(decode_request(encode_request(request))))

    def carry(self, responses: list[Response]) -> None:
        queue = list(responses)
        while queue:
            self.sent += 1
            received = decode_response(encode_response(queue.pop(0)))
            self.client.on_response(received)
            named = {f"{one.name}@{one.version}" for one in received.resources}
            bad = named.intersection(self.refuses)
            answer = (
                self.client.refuse(received.type_url, f"no {sorted(bad)}")
                if bad
                else self.client.accept(received.type_url)
            )
            queue += self.stream.on_request(decode_request(encode_request(answer)))


def test_both_ends_agree_and_a_second_stream_needs_no_resource() -> None:
    pair = Pair()
    truth = snapshot("CDS a@1 needs EDS:a", "EDS a@1", "LDS l@1 needs RDS:l", "RDS l@1 needs a")
    pair.stream.on_snapshot(truth)
    pair.open()
    assert pair.client.accepted.by_type == _without_origins(truth).by_type
    assert pair.stream.in_sync
    assert pair.client.is_complete
    pair.stream, pair.sent = DeltaStream(), 0
    pair.stream.on_snapshot(truth)
    pair.open()
    assert pair.stream.in_sync
    assert pair.sent == len(FOR_ENVOY)


def test_both_ends_find_the_culprit_and_keep_its_last_good_version() -> None:
    pair = Pair(refuses=("b@2",))
    pair.stream.on_snapshot(snapshot("CDS a@1 b@1 c@1"))
    pair.open()
    pair.stream.take_events()
    pair.carry(pair.stream.on_snapshot(snapshot("CDS a@2 b@2 c@2")))
    refused = [event for event in pair.stream.take_events() if isinstance(event, RefusedByProxy)]
    assert [(event.name, event.detail) for event in refused] == [("b", "no ['b@2']")]
    assert shown(pair.client.accepted) == ["a@2", "b@1", "c@2"]


def _without_origins(snapshot_: XdsSnapshot) -> XdsSnapshot:
    """Origins stay with the control plane."""
    return XdsSnapshot(
        {
            type_url: {name: replace(one, origins=()) for name, one in resources.items()}
            for type_url, resources in snapshot_.by_type.items()
        }
    )


def test_names_are_asked_for_only_if_told_to_and_otherwise_nobodys_business() -> None:
    client = DeltaClient("n", XdsSnapshot())
    with pytest.raises(ProtocolError):
        client.on_response(ReceivedResponse(TypeUrl.NAME, "1"))
    curious = DeltaClient("n", XdsSnapshot(), tuple(TypeUrl))
    assert {request.type_url for request in curious.open()} == set(TypeUrl)
    curious.on_response(ReceivedResponse(TypeUrl.NAME, "1", (resource("a@1"),)))
    curious.accept(TypeUrl.NAME)
    assert shown(curious.accepted) == ["a@1"]
