"""`/openapi/v2`: that what is served is described in `/openapi/v3`.

Clients ask for the older document where the newer cannot help: kubectl does, to check a List before it sends its
items one by one. Without definitions it leaves the check to the server, which does it better.
"""

import msgspec
from aiohttp import web

from tulle import __version__

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
ASKED_FOR = (PROTOBUF, PROTOBUF.replace(".v2.v1.0", ".v2@v1.0"))
"""Clients ask by a name that no media type may have, and must be answered by the other."""

_INFO = {
    "title": "Tulle",
    "version": __version__,
    "description": "Everything is described in /openapi/v3; this document has no definitions.",
}
_SWAGGER = "2.0"

# Numbers of the fields in the protobuf form: gnostic's openapi_v2.Document and openapi_v2.Info.
_DOCUMENT_SWAGGER, _DOCUMENT_INFO = 1, 2
_INFO_FIELDS = {"title": 1, "version": 2, "description": 3}


async def handle(request: web.Request) -> web.Response:
    """`GET /openapi/v2`, as protobuf to who asks for it."""
    accept = ",".join(request.headers.getall("Accept", []))
    if any(name in accept for name in ASKED_FOR):
        return web.Response(body=as_protobuf(), headers={"Content-Type": PROTOBUF})
    return web.Response(body=as_json(), content_type="application/json")


def as_json() -> bytes:
    """The document."""
    document = {"swagger": _SWAGGER, "info": _INFO, "paths": {}, "definitions": {}}
    return msgspec.json.encode(document)


def as_protobuf() -> bytes:
    """The document as kubectl reads it."""
    info = b"".join(_text(_INFO_FIELDS[name], text.encode()) for name, text in _INFO.items())
    return _text(_DOCUMENT_SWAGGER, _SWAGGER.encode()) + _text(_DOCUMENT_INFO, info)


def _text(number: int, data: bytes) -> bytes:
    """A field of bytes: its number and kind, its length, itself."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
