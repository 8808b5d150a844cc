"""What comes in and goes out: bounded JSON, read into values at once."""

from collections.abc import Mapping
from typing import TypeVar, cast

import msgspec
from aiohttp import web

from tulle.api.errors import ApiError

T = TypeVar("T")

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Largest request; a mesh's manifests are far below it."""


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request or answer of ours: camelCase in JSON."""


class Request(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request: unknown fields are refused."""


async def read(request: web.Request, kind: type[T]) -> T:
    """The body as a value of `kind`; the field that does not fit is named."""
    data = await request.read()
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise _malformed(str(error)) from None
    except RecursionError:
        raise _malformed("it nests too deeply") from None


def _malformed(why: str) -> ApiError:
    message = f"the request cannot be read: {why}"
    hint = "are client and server of the same version? `tulle version` says"
    return ApiError(400, "request-malformed", message, hint)


def reply(value: object, status: int = 200) -> web.Response:
    """A value as JSON."""
    return web.Response(status=status, body=_encode(value), content_type="application/json")


def to_fields(value: object) -> dict[str, object]:
    """A dataclass as a dict of plain values."""
    return cast(dict[str, object], msgspec.to_builtins(value, enc_hook=_mapping))


def _mapping(value: object) -> dict[object, object]:
    """Read-only mappings are unknown to msgspec."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} in an answer")


_encode = msgspec.json.Encoder(enc_hook=_mapping).encode


def number(request: web.Request, name: str, default: float, most: float) -> float:
    """A number of the query between 0 and `most`."""
    text = request.query.get(name)
    if text is None:
        return default
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        message = f"{name} must be a number from 0 to {most:g}, not {text[:60]!r}"
        raise ApiError(400, "query-malformed", message, f"without it, it is {default:g}")
    return found
