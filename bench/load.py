"""Open-loop HTTP/1.1 load at a constant rate; latency counts from the time a request was due.

`python -m bench.load HOST PORT RATE CONNECTIONS SECONDS` prints {"requests","errors","cpu_s","p50_ms","p99_ms"};
`cpu_s` is what this client itself spent.
"""

import asyncio
import json
import sys
import time
from collections import deque

import uvloop

REQUEST = b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests queue behind each other on it, as an open loop demands."""

    def __init__(self, latencies: list[float]) -> None:
        self.latencies = latencies
        self.waiting: deque[float] = deque()
        self.buffer = b""
        self.length = -1
        self.errors = 0
        self.in_flight = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, due: float) -> None:
        self.waiting.append(due)
        if not self.in_flight:
            self._send()

    def _send(self) -> None:
        self.in_flight = True
        self.transport.write(REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.length < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            start = head.find(b"content-length:") + 15
            self.length = end + 4 + int(head[start:].split(b"\r\n", 1)[0])
            self.errors += b" 200 " not in head[:16]
        if len(self.buffer) >= self.length:
            self.latencies.append(time.perf_counter() - self.waiting.popleft())
            self.buffer, self.length, self.in_flight = b"", -1, False
            if self.waiting:
                self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self.errors += len(self.waiting)


async def run(
    host: str, port: int, rate: float, connections: int, seconds: float
) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    pool = [
        (await loop.create_connection(lambda: Connection(latencies), host, port))[1]
        for _ in range(connections)
    ]
    start, cpu = time.perf_counter(), time.process_time()  # uvloop's own clock moves once a turn
    for number in range(int(rate * seconds)):
        due = start + number / rate
        if (delay := due - time.perf_counter()) > 0:
            await asyncio.sleep(delay)
        pool[number % connections].ask(due)
    for _ in range(500):
        if len(latencies) + sum(c.errors for c in pool) >= int(rate * seconds):
            break
        await asyncio.sleep(0.01)
    ordered = sorted(latencies)
    return {
        "requests": len(ordered),
        "errors": sum(connection.errors for connection in pool),
        "cpu_s": time.process_time() - cpu,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
    }


def main() -> None:
    host, port, rate, connections, seconds = sys.argv[1:6]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(
            json.dumps(
                runner.run(run(host, int(port), float(rate), int(connections), float(seconds)))
            )
        )


if __name__ == "__main__":
    main()
