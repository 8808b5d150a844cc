"""The secret `identity`, the one Envoy message an agent makes itself, put together from its few fields.

`xds.secrets.identity_secret` makes the same bytes with protobuf's classes (a test holds them together). Those
would be all an agent loads them for, and they weigh a fifth of it: 6 MB.
"""

from hashlib import blake2b

from tulle.ads.messages import frame_resource
from tulle.ads.wire import field, text_field
from tulle.xds.names import IDENTITY
from tulle.xds.snapshots import TypeUrl, XdsResource


def identity_secret(private_key_pem: bytes, chain_pem: bytes) -> XdsResource:
    """Key and chain (leaf first) as Envoy takes them over SDS."""
    certificate = field(1, _inline(chain_pem)) + field(2, _inline(private_key_pem))
    body = text_field(1, IDENTITY) + field(2, certificate)
    version = blake2b(body, digest_size=8).hexdigest()
    box = text_field(1, TypeUrl.SECRET) + field(2, body)
    return XdsResource(IDENTITY, version, frame_resource(IDENTITY, version, box))


def _inline(data: bytes) -> bytes:
    """A DataSource of bytes."""
    return field(2, data)
