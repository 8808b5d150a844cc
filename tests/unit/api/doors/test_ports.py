"""TCP ports of the API: what is in the way is told with the flag that chooses another."""

import pytest

from tulle.api.doors.ports import check_loopback, is_loopback, open_port, reached_at
from tulle.api.errors import SocketError
from tulle.settings import Address

FLAG = "--api-address"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_any_free_port_is_told_with_its_number(host: str) -> None:
    port, address = open_port(FLAG, Address(host, 0))
    with port:
        assert address.host == host
        assert address.port == port.getsockname()[1] > 0


def test_a_taken_port_is_told_with_its_flag() -> None:
    port, address = open_port(FLAG, Address("127.0.0.1", 0))
    with port, pytest.raises(SocketError) as error:
        open_port(FLAG, address)

    assert (error.value.problem.path, error.value.problem.code) == (FLAG, "port-taken")


@pytest.mark.parametrize(
    ("host", "code"), [("192.0.2.1", "address-not-local"), ("no-such.invalid", "address-unknown")]
)
def test_a_place_that_is_not_here_is_no_taken_port(host: str, code: str) -> None:
    with pytest.raises(SocketError) as error:
        open_port(FLAG, Address(host, 0))

    assert error.value.problem.code == code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LocalHost"]
)
def test_loopback_has_many_names(host: str) -> None:
    assert is_loopback(host)
    check_loopback(FLAG, Address(host, 1))


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "10.0.0.5", "localhost.evil.example", "127.0.0.1.nip.io"]
)
def test_nothing_else_is_spoken_to_without_tls(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(SocketError) as error:
        check_loopback(FLAG, Address(host, 1))
    assert error.value.problem.code == "address-not-loopback"


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("10.0.0.5", "10.0.0.5"),
        ("mesh.example", "mesh.example"),
    ],
)
def test_a_door_at_every_address_is_reached_at_loopback(host: str, reached: str) -> None:
    assert reached_at(Address(host, 15013)) == Address(reached, 15013)
