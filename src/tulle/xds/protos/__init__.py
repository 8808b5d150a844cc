"""Envoy's messages by short names, loaded on first use; `__init__.pyi` says their fields to the type checker."""

from google.protobuf.message import Message

from tulle.xds.protos.messages import FULL_NAMES
from tulle.xds.protos.pool import message_class


def __getattr__(name: str) -> type[Message]:
    if name not in FULL_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = message_class(name)
    return found
