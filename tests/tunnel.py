"""A slow, lossy link between two network namespaces, in user space: kernels may lack netem.

`python tests/tunnel.py NAMESPACE_A NAMESPACE_B DEVICE SEED` makes a TUN device of one name in both namespaces and
carries packets between them. It prints `ready` once both exist; each JSON line on its standard input is the
`Shape` from then on. It ends, and its devices vanish, when that input closes. `tests.hosts` starts it and
routes through it. Fate is drawn from the seed: the same packets at the same times fare the same.
"""

import ctypes
import fcntl
import json
import os
import random
import select
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000  # linux/sched.h
LARGEST = 65536


@dataclass(frozen=True, slots=True)
class Shape:
    """What the link does to packets, each way."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    """At most so much more, drawn evenly; packets never overtake each other."""
    loss: float = 0.0
    """The share that vanishes, 0 to 1."""
    bytes_per_s: float = 0.0
    """0 is without limit."""
    queue_s: float = 0.5
    """What would wait longer for its turn on a limited link is lost, as at a full router."""


@dataclass(slots=True)
class Lane:
    """One direction: decides, knows no device and no clock."""

    luck: random.Random
    free_at: float = 0.0
    last: float = 0.0

    def leaves_at(self, now: float, size: int, shape: Shape) -> float | None:
        """When a packet that comes now goes out at the other end; None if it is lost."""
        lost = self.luck.random() < shape.loss
        jitter = self.luck.random() * shape.jitter_s
        start = max(now, self.free_at) if shape.bytes_per_s else now
        if lost or start - now > shape.queue_s:
            return None
        if shape.bytes_per_s:
            start += size / shape.bytes_per_s
            self.free_at = start
        self.last = max(self.last, start + shape.delay_s + jitter)
        return self.last


@dataclass(slots=True)
class Direction:
    """A lane between two open devices."""

    source: int
    target: int
    lane: Lane
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def take(self, shape: Shape) -> None:
        """Everything that has come to the source."""
        while True:
            try:
                packet = os.read(self.source, LARGEST)
            except BlockingIOError:
                return
            due = self.lane.leaves_at(time.monotonic(), len(packet), shape)
            if due is not None:
                self.waiting.append((due, packet))

    def give(self) -> float | None:
        """Send on what is due; when the next one is."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, packet = self.waiting.popleft()
            try:
                os.write(self.target, packet)
            except OSError:
                continue  # the device is not up: the packet is lost, as on any wire
        return self.waiting[0][0] if self.waiting else None


def open_device(namespace: str, name: str) -> int:
    """A TUN device in a namespace; this process stays there."""
    with Path(f"/run/netns/{namespace}").open() as net:
        if ctypes.CDLL(None, use_errno=True).setns(net.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22s", name.encode(), IFF_TUN_NO_PI, b""))
    return device


def carry(devices: tuple[int, int], seed: int) -> None:
    """Until standard input closes."""
    a, b = devices
    directions = (
        Direction(a, b, Lane(random.Random(f"{seed} there"))),
        Direction(b, a, Lane(random.Random(f"{seed} back"))),
    )
    shape, words, commands = Shape(), b"", sys.stdin.fileno()
    while True:
        dues = [due for direction in directions if (due := direction.give()) is not None]
        timeout = max(0.0, min(dues) - time.monotonic()) if dues else None
        ready, _, _ = select.select([a, b, commands], [], [], timeout)
        for direction in directions:
            if direction.source in ready:
                direction.take(shape)
        if commands in ready:
            if not (data := os.read(commands, LARGEST)):
                return
            *lines, words = (words + data).split(b"\n")
            for line in lines:
                shape = Shape(**json.loads(line))
                say("shaped")


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main() -> None:
    first, second, name, seed = sys.argv[1:5]
    devices = open_device(first, name), open_device(second, name)
    say("ready")
    carry(devices, int(seed))


if __name__ == "__main__":
    main()
