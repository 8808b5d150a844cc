"""Small values."""

import pytest

from tulle.xds.protos import Any, Secret
from tulle.xds.values import duration, extension, number, packed, switch


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, (0, 0)), (1.5, (1, 500_000_000)), (0.001, (0, 1_000_000)), (3600, (3600, 0))],
)
def test_a_duration_is_exact_to_the_millisecond(seconds: float, expected: tuple[int, int]) -> None:
    made = duration(seconds)

    assert (made.seconds, made.nanos) == expected


def test_an_extension_carries_its_message() -> None:
    made = extension("x", Secret(name="s"))
    held = Secret()

    assert made.name == "x"
    assert made.typed_config.Unpack(held)
    assert held.name == "s"


def test_packing_names_the_type_in_full() -> None:
    box: Any = packed(Secret())

    assert box.type_url.endswith("/envoy.extensions.transport_sockets.tls.v3.Secret")


def test_nought_and_off_are_told_apart_from_nothing() -> None:
    assert number(0).IsInitialized()
    assert (number(0).value, switch(on=False).value) == (0, False)
