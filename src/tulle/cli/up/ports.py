"""Looks at this machine's ports for `plan`."""

import random
import socket

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20000, 32767
"""Below what systems give to outgoing connections, so that none of those takes a port before its program does."""
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a program could listen there now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port where a program could listen now."""
    for port in random.sample(range(LOWEST, HIGHEST + 1), TRIES):
        if is_free(port):
            return port
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])
