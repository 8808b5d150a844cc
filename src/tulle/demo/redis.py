"""Starts whichever Redis this machine has, in this process's place: loopback only, nothing kept on disk."""

import os
import sys

from tulle.demo import needs
from tulle.demo.environment import listening_port


def arguments(binary: str, port: int) -> list[str]:
    """The command line of a Redis that leaves no file behind."""
    return [
        binary,
        *("--port", str(port)),
        *("--bind", "127.0.0.1"),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--dir", "/"),
    ]


def main() -> None:
    """Become Redis."""
    binary = needs.redis_server()
    if binary is None:
        sys.exit(f"there is no Redis on this machine; {needs.REMEDY}, or {needs.REDIS_REMEDY}")
    os.execv(binary, arguments(binary, listening_port(sys.argv[1:])))  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main()
