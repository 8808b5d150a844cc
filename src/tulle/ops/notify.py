"""Telling systemd how a service is: ready, reloading, still alive. Where nothing listens, nothing is said.

The protocol is sd_notify(3): a datagram of NAME=VALUE lines to the socket in $NOTIFY_SOCKET.
"""

import contextlib
import socket
from collections.abc import Mapping


class Notifier:
    """Speaks to the service manager of this process, if it has one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte that begins names of the abstract namespace.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        wanted = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(wanted) / 1e6 / 2 if wanted.isdecimal() and self._address else None
        """How often `alive` is to be said, in seconds; None: nobody watches."""

    def ready(self, status: str) -> None:
        """The service does its work from now on."""
        self._say(f"READY=1\nSTATUS={status}")

    def stopping(self, status: str) -> None:
        """It ends, and that is meant."""
        self._say(f"STOPPING=1\nSTATUS={status}")

    def alive(self) -> None:
        """It has not hung."""
        self._say("WATCHDOG=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(self._address)
            line.sendall(text.encode())
