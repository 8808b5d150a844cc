"""An Envoy message becomes an XdsResource: hashed, and framed as it will stand in every response that holds it."""

from collections.abc import Iterator
from hashlib import blake2b

from google.protobuf.message import Message

from tulle.graph.mesh import Origin
from tulle.xds.protos import DeltaDiscoveryResponse, DiscoveryResource
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot
from tulle.xds.values import packed

Typed = tuple[TypeUrl, XdsResource]
"""A resource and the type it is sent under."""


def resource_of(name: str, message: Message, *origins: Origin) -> XdsResource:
    """The version is a hash of the content alone, so that a new origin with equal bytes moves nothing."""
    box = packed(message)
    version = blake2b(box.value, digest_size=8).hexdigest()
    item = DiscoveryResource(name=name, version=version, resource=box)
    framed = DeltaDiscoveryResponse(resources=[item]).SerializeToString(deterministic=True)
    return XdsResource(name, version, framed, origins)


def unframed(resource: XdsResource) -> DiscoveryResource:
    """What is inside the frame, for people and for tests: name, version and the message in an Any."""
    return DeltaDiscoveryResponse.FromString(resource.framed).resources[0]


def each(snapshot: XdsSnapshot) -> Iterator[Typed]:
    """Every resource of a snapshot with its type, in the order of sending."""
    for type_url in TypeUrl:
        for resource in snapshot.of(type_url).values():
            yield type_url, resource
