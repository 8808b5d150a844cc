"""Where questions are heard."""

import os
import socket
from contextlib import closing

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.resolver.places import open_place
from tulle.dns.wishes import Dns, DnsMode

PORT, FILE = Dns(DnsMode.PORT), Dns(DnsMode.RESOLV_CONF)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: binds port 53")


def test_any_port_will_do_and_the_last_one_is_taken_again() -> None:
    with closing(open_place(PORT)) as first:
        assert first.is_here("127.0.0.1", first.port)
        assert not first.is_here("127.0.0.1", first.port + 1)
        assert not first.is_here("192.0.2.1", first.port)
    with closing(open_place(PORT, last=first.port)) as second:
        assert second.port == first.port


def test_a_last_port_that_is_taken_meanwhile_is_no_obstacle_but_one_asked_for_is() -> None:
    with closing(open_place(PORT)) as first:
        with closing(open_place(PORT, last=first.port)) as second:
            assert second.port != first.port
        with pytest.raises(AgentError) as raised:
            open_place(Dns(DnsMode.REDIRECT, first.port))
    assert raised.value.problem.code == "dns-port-taken"


@needs_root
def test_programs_with_a_resolv_conf_have_an_address_each_on_port_53() -> None:
    with closing(open_place(FILE)) as first, closing(open_place(FILE)) as second:
        assert first.port == second.port == 53
        assert first.address != second.address
        assert first.address.startswith("127.53.")
        assert str(first) == f"{first.address}:53"
    with closing(open_place(FILE, last=second.number)) as again:
        assert again.address == second.address


def test_without_the_right_to_port_53_the_way_out_is_named() -> None:
    def forbidden(family: int, kind: int) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(AgentError) as raised:
        open_place(FILE, open_socket=forbidden)
    assert raised.value.problem.code == "dns-port-forbidden"
    with pytest.raises(AgentError) as raised:
        open_place(PORT, open_socket=forbidden)
    assert raised.value.problem.code == "dns-port-unusable"


def test_when_every_address_is_taken_it_says_so() -> None:
    def taken(family: int, kind: int) -> socket.socket:
        raise OSError(98, "Address already in use")

    with pytest.raises(AgentError) as raised:
        open_place(FILE, open_socket=taken)
    assert raised.value.problem.code == "dns-addresses-exhausted"
