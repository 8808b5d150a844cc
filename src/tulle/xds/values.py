"""The small values Envoy's messages are full of: optional numbers, durations, and messages packed into an Any."""

from google.protobuf.message import Message

from tulle.xds.protos import Any, BoolValue, Duration, TypedExtensionConfig, UInt32Value

NANOS = 1_000_000_000


def packed(message: Message) -> Any:
    """The message inside an Any; deterministic, for its bytes end up in a version."""
    box = Any()
    box.Pack(message, deterministic=True)
    return box


def extension(name: str, message: Message) -> TypedExtensionConfig:
    """A named extension with its configuration."""
    return TypedExtensionConfig(name=name, typed_config=packed(message))


def duration(seconds: float) -> Duration:
    """To the millisecond, which is the finest a user can write."""
    millis = round(seconds * 1000)
    return Duration(seconds=millis // 1000, nanos=millis % 1000 * (NANOS // 1000))


def number(value: int) -> UInt32Value:
    """A number that is told apart from none."""
    return UInt32Value(value=value)


def switch(on: bool) -> BoolValue:
    """A truth that is told apart from none."""
    return BoolValue(value=on)
