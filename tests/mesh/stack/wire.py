"""What passes on a host's link, read as anybody on the way could."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

from tests.hosts import Host

ETH_P_ALL = 3
TLS_HANDSHAKE, TLS_DATA = b"\x16\x03", b"\x17\x03\x03"


class Wire:
    """All bytes seen so far, packets apart from each other."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._lock = threading.Lock()

    def add(self, packet: bytes) -> None:
        with self._lock:
            self._packets.append(packet)

    def shows(self, text: bytes) -> bool:
        """Whether these bytes passed in the clear, within one packet."""
        with self._lock:
            return any(text in packet for packet in self._packets)

    def count(self, start: bytes) -> int:
        """Packets that hold these bytes."""
        with self._lock:
            return sum(start in packet for packet in self._packets)


@contextlib.contextmanager
def tapped(hosts: Sequence[Host]) -> Iterator[Wire]:
    """Meanwhile everything on the hosts' eth0 is kept."""
    wire = Wire()
    stop = threading.Event()
    with contextlib.ExitStack() as undo:
        undo.callback(stop.set)
        for host in hosts:
            with host.inside():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            sock.bind(("eth0", ETH_P_ALL))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
            sock.settimeout(0.2)
            reader = threading.Thread(target=_read, args=(sock, wire, stop))
            reader.start()
            undo.callback(reader.join)
        yield wire
        stop.set()


def _read(sock: socket.socket, wire: Wire, stop: threading.Event) -> None:
    with sock:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                wire.add(sock.recv(1 << 17))
