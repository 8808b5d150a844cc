"""Requests and responses, held against Envoy's own messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.ads import wire
from tulle.ads.messages import (
    Request,
    Response,
    body_of,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
    frame_resource,
)
from tulle.ads.wire import ProtocolError
from tulle.xds.protos import (
    Any,
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryResource,
    Node,
    Status,
    Struct,
)
from tulle.xds.snapshots import XdsResource

TEXT = st.text(min_size=1, max_size=20)
TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(
        type_url=draw(TEXT),
        subscribe=tuple(draw(st.lists(TEXT, max_size=4))),
        unsubscribe=tuple(draw(st.lists(TEXT, max_size=4))),
        initial_versions=draw(st.dictionaries(TEXT, TEXT, max_size=4)),
        nonce=draw(st.text(max_size=5)),
        error=draw(st.none() | TEXT),
        node_id=draw(st.text(max_size=20)),
    )


def as_envoy(request: Request) -> DeltaDiscoveryRequest:
    return DeltaDiscoveryRequest(
        node=Node(id=request.node_id) if request.node_id else None,
        type_url=request.type_url,
        resource_names_subscribe=request.subscribe,
        resource_names_unsubscribe=request.unsubscribe,
        initial_resource_versions=request.initial_versions,
        response_nonce=request.nonce,
        error_detail=None if request.error is None else Status(code=13, message=request.error),
    )


@given(requests())
def test_we_read_the_requests_envoy_writes(request_: Request) -> None:
    assert decode_request(as_envoy(request_).SerializeToString()) == request_


@given(requests())
def test_protobuf_reads_the_requests_we_write(request_: Request) -> None:
    found = DeltaDiscoveryRequest.FromString(encode_request(request_))
    expected = as_envoy(request_)
    if request_.error is not None:
        expected.error_detail.code = 0
    assert found == expected


def test_only_the_id_of_a_node_is_read_however_much_it_says() -> None:
    node = Node(id="shop/web-abcde", cluster="x", metadata=Struct())
    node.metadata["NAME"] = "y"
    data = DeltaDiscoveryRequest(node=node, type_url=TYPE).SerializeToString()
    assert decode_request(data) == Request(TYPE, node_id="shop/web-abcde")


def test_an_error_without_words_is_still_a_refusal() -> None:
    data = DeltaDiscoveryRequest(type_url=TYPE, error_detail=Status()).SerializeToString()
    assert decode_request(data).error == ""


RESOURCE = DiscoveryResource(
    version="7", resource=Any(type_url=TYPE, value=b"cluster bytes"), name="shop/reviews:80"
)


def test_a_response_is_byte_for_byte_what_protobuf_makes() -> None:
    framed = frame_resource("shop/reviews:80", "7", RESOURCE.resource.SerializeToString())
    data = encode_response(Response(TYPE, "3", (framed, framed), ("gone", "too")))
    whole = DeltaDiscoveryResponse(
        resources=[RESOURCE, RESOURCE], type_url=TYPE, nonce="3", removed_resources=["gone", "too"]
    )
    assert data == whole.SerializeToString(deterministic=True)


def test_a_response_keeps_the_bytes_of_its_resources_through_its_receiver() -> None:
    whole = DeltaDiscoveryResponse(
        system_version_info="1",
        resources=[RESOURCE],
        type_url=TYPE,
        nonce="3",
        removed_resources=["gone"],
    )
    found = decode_response(whole.SerializeToString())
    assert (found.type_url, found.nonce, found.removed) == (TYPE, "3", ("gone",))
    (resource,) = found.resources
    assert (resource.name, resource.version) == ("shop/reviews:80", "7")
    again = encode_response(Response(TYPE, "3", (resource.framed,), ("gone",)))
    whole.system_version_info = ""
    assert again == whole.SerializeToString()


@pytest.mark.parametrize("decode", [decode_request, decode_response])
def test_a_message_without_a_type_is_refused(decode: object) -> None:
    with pytest.raises(ProtocolError):
        decode(b"")  # type: ignore[operator]


def test_a_resource_without_a_name_is_refused() -> None:
    with pytest.raises(ProtocolError):
        decode_response(DeltaDiscoveryResponse(type_url=TYPE, resources=[{}]).SerializeToString())


def test_the_bytes_inside_a_resource_come_out_as_they_went_in() -> None:
    box = wire.text_field(1, "type.example/Name") + wire.field(2, b"body")
    framed = frame_resource("a", "1", box)

    assert body_of(XdsResource("a", "1", framed)) == b"body"
    assert body_of(XdsResource("a", "1", b"")) == b""
