"""Flags of `tulle run` about DNS."""

import pytest

from tulle.dns.wishes import Dns, DnsMode, parse_mode, parse_port, wish_of
from tulle.model.problems import Problem


@pytest.mark.parametrize("mode", list(DnsMode))
def test_modes_are_spelled_as_they_are_called(mode: DnsMode) -> None:
    assert parse_mode(mode.upper()) is mode


def test_off_is_no_wish() -> None:
    assert parse_mode("off") is None
    assert wish_of(None, 5353, captured=True) is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (parse_mode("magic"), "dns-mode-unknown"),
        (parse_port("0"), "port-malformed"),
        (parse_port("70000"), "port-malformed"),
        (parse_port("dns"), "port-malformed"),
        (wish_of(DnsMode.HOST, 5353, captured=False), "dns-port-fixed"),
        (wish_of(DnsMode.RESOLV_CONF, 5353, captured=True), "dns-port-fixed"),
        (wish_of(DnsMode.REDIRECT, None, captured=False), "dns-redirect-without-capture"),
    ],
)
def test_what_cannot_be_is_said_with_the_way_out(found: object, code: str) -> None:
    assert isinstance(found, Problem)
    assert found.code == code
    assert found.hint


def test_a_port_goes_with_a_mode_that_has_the_choice() -> None:
    assert wish_of(DnsMode.PORT, 15053, captured=False) == Dns(DnsMode.PORT, 15053)
    assert parse_port("15053") == 15053
