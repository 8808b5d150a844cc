"""Why there is no port, in words that name the flag."""

import errno
import socket

import pytest

from tulle.ops.listening import cannot_listen
from tulle.settings import Address

PLACE = Address("127.0.0.1", 80)


def test_a_port_the_system_keeps_for_others_is_told_as_one() -> None:
    denied = PermissionError(errno.EACCES, "Permission denied")
    problem = cannot_listen("--join-address", Address("127.0.0.1", 80), denied)
    assert (problem.path, problem.code) == ("--join-address", "port-forbidden")
    assert "Permission denied" in problem.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EADDRINUSE, "in use"), "port-taken"),
        (OSError(errno.EADDRNOTAVAIL, "not here"), "address-not-local"),
        (socket.gaierror(socket.EAI_NONAME, "who?"), "address-unknown"),
    ],
)
def test_every_reason_has_its_code_and_a_way_out(error: OSError, code: str) -> None:
    problem = cannot_listen("--api-address", PLACE, error)

    assert (problem.path, problem.code) == ("--api-address", code)
    assert problem.hint
