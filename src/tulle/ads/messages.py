"""What is said on a delta stream, as values, and their bytes.

Envoy's DeltaDiscoveryRequest and DeltaDiscoveryResponse with the fields we use; others are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tulle.ads import wire
from tulle.ads.wire import ProtocolError
from tulle.xds.snapshots import XdsResource

NO_VERSIONS: Mapping[str, str] = MappingProxyType({})
NO_NAMES: frozenset[str] = frozenset()
"""Shared: a thousand streams hold many empty sets, and each of their own would be 200 bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a proxy says: subscriptions, and the answer to a response (`nonce`); `error` makes it a refusal.

    `initial_versions` are what it still holds from an earlier stream, by name. `node_id` may be sent once only.
    """

    type_url: str
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = field(default_factory=lambda: NO_VERSIONS)
    nonce: str = ""
    error: str | None = None
    node_id: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What a proxy is sent: resources as framed bytes, and the names of those that are no more.

    `versions` names what `framed` holds, in the same order.
    """

    type_url: str
    nonce: str
    framed: tuple[bytes, ...] = field(default=(), repr=False)
    removed: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=lambda: NO_VERSIONS)


@dataclass(frozen=True, slots=True)
class ReceivedResponse:
    """A response as its receiver reads it; the resources keep the bytes they came in."""

    type_url: str
    nonce: str
    resources: tuple[XdsResource, ...] = ()
    removed: tuple[str, ...] = ()


def encode_response(response: Response) -> bytes:
    """The bytes on the wire: joined, never packed again."""
    return b"".join(
        (
            *response.framed,
            wire.text_field(4, response.type_url),
            wire.text_field(5, response.nonce),
            *(wire.text_field(6, name) for name in response.removed),
        )
    )


def decode_response(data: bytes) -> ReceivedResponse:
    """What a control plane sent."""
    type_url, nonce = "", ""
    resources: list[XdsResource] = []
    removed: list[str] = []
    for number, payload in wire.fields(data):
        match number:
            case 2:
                resources.append(_resource(payload))
            case 4:
                type_url = wire.text(payload)
            case 5:
                nonce = wire.text(payload)
            case 6:
                removed.append(wire.text(payload))
            case _:
                pass
    if not type_url:
        raise ProtocolError("a response names no type")
    return ReceivedResponse(type_url, nonce, tuple(resources), tuple(removed))


def frame_resource(name: str, version: str, body: bytes) -> bytes:
    """A resource as one field of a response; `body` is its Any, serialised."""
    inner = wire.text_field(1, version) + wire.field(2, body) + wire.text_field(3, name)
    return wire.field(2, inner)


def body_of(resource: XdsResource) -> bytes:
    """What stands inside a resource's Any: the bytes it was made of. Raises ProtocolError."""
    data = resource.framed
    for inner in (2, 2, 2):  # the frame, the resource's Any, the Any's value
        data = next((found for number, found in wire.fields(data) if number == inner), b"")
    return data


def _resource(payload: bytes) -> XdsResource:
    name, version = "", ""
    for number, inner in wire.fields(payload):
        match number:
            case 1:
                version = wire.text(inner)
            case 3:
                name = wire.text(inner)
            case _:
                pass
    if not name:
        raise ProtocolError("a resource has no name")
    return XdsResource(name, version, wire.field(2, payload))


def encode_request(request: Request) -> bytes:
    """The bytes on the wire."""
    return b"".join(
        (
            wire.field(1, wire.text_field(1, request.node_id)) if request.node_id else b"",
            wire.text_field(2, request.type_url),
            *(wire.text_field(3, name) for name in request.subscribe),
            *(wire.text_field(4, name) for name in request.unsubscribe),
            *(_entry(name, version) for name, version in request.initial_versions.items()),
            wire.text_field(6, request.nonce),
            b"" if request.error is None else wire.field(7, wire.text_field(2, request.error)),
        )
    )


def _entry(name: str, version: str) -> bytes:
    return wire.field(5, wire.text_field(1, name) + wire.text_field(2, version))


def decode_request(data: bytes) -> Request:
    """What a proxy sent."""
    texts = {2: "", 6: ""}
    names: dict[int, list[str]] = {3: [], 4: []}
    versions: dict[str, str] = {}
    node_id, error = "", None
    for number, payload in wire.fields(data):
        match number:
            case 1:
                node_id = _text_of(payload, 1)
            case 2 | 6:
                texts[number] = wire.text(payload)
            case 3 | 4:
                names[number].append(wire.text(payload))
            case 5:
                versions[_text_of(payload, 1)] = _text_of(payload, 2)
            case 7:
                error = _text_of(payload, 2)
            case _:
                pass
    if not texts[2]:
        raise ProtocolError("a request names no type")
    return Request(texts[2], tuple(names[3]), tuple(names[4]), versions, texts[6], error, node_id)


def _text_of(data: bytes, number: int) -> str:
    """The text in one field of an inner message; the last one counts, as everywhere in protobuf."""
    found = b""
    for inner, payload in wire.fields(data):
        if inner == number:
            found = payload
    return wire.text(found)
