"""What the demo's programs are told from outside: where to listen, whom to call."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple


class Address(NamedTuple):
    """Where somebody listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address(variable: str) -> Address:
    """The `host:port` in a variable; without it the program ends and says which one it lacks."""
    host, _, port = required(variable).rpartition(":")
    return Address(host or "127.0.0.1", number(variable, port))


def listening_port(arguments: Sequence[str]) -> int:
    """The port to listen on: what follows `--port` on the command line."""
    match arguments:
        case ["--port", port]:
            return number("--port", port)
        case _:
            sys.exit("usage: --port NUMBER")


def required(variable: str) -> str:
    """The value of a variable that has to be there."""
    value = os.environ.get(variable, "")
    if not value:
        sys.exit(f"{variable} is not set: this program reads its addresses from the environment")
    return value


def number(variable: str, text: str) -> int:
    """A port number, as `variable` gave it."""
    if not text.isdecimal() or int(text) > 65535:
        sys.exit(f"{variable} has no port number in it: {text!r}")
    return int(text)
