"""Ports for both protocols on both families."""

import socket

import pytest

from tulle.agent.resolver.sockets import close_pairs, open_pairs, port_of

LOOPBACKS = ("127.0.0.1", "::1")


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            open_pairs(LOOPBACKS, port)
        close_pairs(open_pairs(("127.0.0.1",), port))


def test_all_addresses_have_the_first_ones_port() -> None:
    pairs = open_pairs(LOOPBACKS, 0)
    assert len({one.getsockname()[1] for pair in pairs for one in pair}) == 1
    close_pairs(pairs)
    assert pairs[0][0].fileno() == -1


def test_a_family_the_host_does_not_have_is_left_out() -> None:
    pairs = open_pairs(("127.0.0.1", "2001:db8::1"), 0)
    assert len(pairs) == 1
    assert port_of(pairs) > 0
    close_pairs(pairs)
    with pytest.raises(OSError, match="assign"):
        open_pairs(("2001:db8::1",), 0)


def test_sockets_are_made_where_they_are_wanted() -> None:
    made: list[int] = []

    def elsewhere(family: int, kind: int) -> socket.socket:
        made.append(kind)
        return socket.socket(family, kind)

    close_pairs(open_pairs(("127.0.0.1",), 0, elsewhere))
    assert made == [socket.SOCK_STREAM, socket.SOCK_DGRAM]
