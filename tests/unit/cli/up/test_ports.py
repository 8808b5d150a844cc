"""Looking at this machine's ports."""

import socket

from tulle.cli.up.ports import any_free, is_free


def test_a_port_somebody_listens_on_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        assert not is_free(listener.getsockname()[1])


def test_any_free_port_can_be_listened_on() -> None:
    port = any_free()

    assert is_free(port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
