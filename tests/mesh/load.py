"""An open-loop client in a process of its own: it knows nothing of the mesh and never retries.

Requests leave when their time has come, however slow earlier ones are. It runs until its standard input
closes *and* every kind has made its minimum, then prints one JSON object:
`{"http": {"sent", "failed", "answers": {…}, "errors": {…}, "failed_at": [first, last], "slowest_s"}, "grpc": …}`.
With --warm it prints `warm` first, once every kind has had some answers. Times are of CLOCK_MONOTONIC, which all processes share; a request's time counts from when it was due.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import grpc

DEADLINE_S = 20.0
GRPC_METHOD = "/test.Echo/Unary"


@dataclass
class Tally:
    """What happened to one kind of traffic."""

    sent: int = 0
    failed: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    slowest_s: float = 0.0

    def fail(self, why: str) -> None:
        self.failed += 1
        self.errors[why[:320]] += 1
        self.failed_at = [*self.failed_at[:1], time.monotonic()]

    def took(self, seconds: float) -> None:
        self.slowest_s = max(self.slowest_s, seconds)


class HttpPool:
    """Keep-alive HTTP/1.1 connections to one address; a broken one is a failure, never a second try."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        reader, writer = await self._connection()
        try:
            head = f"{method} {path} HTTP/1.1\r\nhost: load\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            status, headers, answer = await read_answer(reader)
        except BaseException:
            writer.close()
            raise
        if headers.get("connection") == "close":
            writer.close()
        else:
            self.idle.append((reader, writer))
        return status, answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    headers = {
        k.lower().strip(): v.strip() for k, _, v in (line.partition(":") for line in head[1:]) if k
    }
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
        return status, headers, body
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def open_loop(
    rate: float,
    burst: int,
    minimum: int,
    tally: Tally,
    stop: asyncio.Event,
    one: Callable[[], Awaitable[None]],
) -> None:
    """Start `burst` requests together, `rate` a second on average, until told to stop and past the minimum."""

    async def attempt(due: float) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await one()
            tally.took(loop.time() - due)
        except Exception as error:  # noqa: BLE001 - every failure counts, whatever it is
            tally.fail(f"{type(error).__name__}: {error}")

    loop = asyncio.get_running_loop()
    due = loop.time()
    async with asyncio.TaskGroup() as group:
        while not (stop.is_set() and tally.sent >= minimum):
            for _ in range(burst):
                tally.sent += 1
                group.create_task(attempt(due))
            due += burst / rate
            await asyncio.sleep(max(0.0, due - loop.time()))


def http_request(pool: HttpPool, path: str, tally: Tally) -> Callable[[], Awaitable[None]]:
    async def one() -> None:
        method, body = ("POST", b"x" * 512) if tally.sent % 2 else ("GET", b"")
        status, answer = await pool.request(method, path, body)
        if status != 200:
            tally.fail(f"status {status}: {answer[:240].decode('latin-1')}")
        else:
            tally.answers[answer[:24].decode("latin-1").split("\n")[0]] += 1

    return one


def grpc_request(channel: grpc.aio.Channel, tally: Tally) -> Callable[[], Awaitable[None]]:
    call = channel.unary_unary(GRPC_METHOD)

    async def one() -> None:
        answer = await call(b"hello", timeout=DEADLINE_S)
        tally.answers[bytes(answer).decode()] += 1

    return one


async def tcp_stream(host: str, port: int, tally: Tally, stop: asyncio.Event) -> None:
    """Send blocks, read each back from an echo, compare checksums; one connection for the whole run."""
    tally.sent += 1
    try:
        reader, writer = await asyncio.open_connection(host, port)
        while not stop.is_set():
            block = os.urandom(4096)
            start = time.monotonic()
            writer.write(block)
            async with asyncio.timeout(DEADLINE_S):
                back = await reader.readexactly(len(block))
            if hashlib.sha256(back).digest() != hashlib.sha256(block).digest():
                tally.fail("checksum differs")
                break
            tally.answers["blocks"] += 1
            tally.took(time.monotonic() - start)
            await asyncio.sleep(0.1)
        writer.close()
    except Exception as error:  # noqa: BLE001 - every failure counts, whatever it is
        tally.fail(f"{type(error).__name__}: {error}")


async def tell_warm(tallies: dict[str, Tally], answers: int) -> None:
    """Say when traffic flows: whoever started us waits for it before anything goes wrong."""
    while any(sum(tally.answers.values()) < answers for tally in tallies.values()):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    sys.stdout.write("warm\n")
    sys.stdout.flush()


def stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """`stop` is set when whoever started us closes our standard input (or dies)."""

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def run(options: argparse.Namespace) -> dict[str, dict[str, object]]:
    stop = asyncio.Event()
    stop_at_end_of_input(asyncio.get_running_loop(), stop)
    tallies: dict[str, Tally] = {}
    channel = None
    async with asyncio.TaskGroup() as group:
        if options.http:
            tally = tallies["http"] = Tally()
            one = http_request(HttpPool(*address(options.http)), options.path, tally)
            group.create_task(
                open_loop(options.http_rate, options.burst, options.minimum, tally, stop, one)
            )
        if options.grpc:
            tally = tallies["grpc"] = Tally()
            channel = grpc.aio.insecure_channel(options.grpc, options=[("grpc.enable_retries", 0)])
            one = grpc_request(channel, tally)
            group.create_task(
                open_loop(options.grpc_rate, 1, options.minimum // 5, tally, stop, one)
            )
        if options.tcp:
            tally = tallies["tcp"] = Tally()
            for _ in range(options.streams):
                group.create_task(tcp_stream(*address(options.tcp), tally, stop))
        warming = [group.create_task(tell_warm(tallies, options.warm))] if options.warm else []
        await stop.wait()
        for task in warming:
            task.cancel()
    if channel is not None:
        await channel.close()
    return {
        name: {
            "sent": t.sent,
            "failed": t.failed,
            "answers": dict(t.answers),
            "errors": dict(t.errors),
            "failed_at": t.failed_at,
            "slowest_s": t.slowest_s,
        }
        for name, t in tallies.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", default="", help="HOST:PORT")
    parser.add_argument("--path", default="/")
    parser.add_argument("--http-rate", type=float, default=200.0)
    parser.add_argument("--burst", type=int, default=1)
    parser.add_argument("--grpc", default="", help="HOST:PORT")
    parser.add_argument("--grpc-rate", type=float, default=50.0)
    parser.add_argument("--tcp", default="", help="HOST:PORT")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--warm", type=int, default=0, help="answers of each kind")
    parser.add_argument(
        "--minimum", type=int, default=5000, help="HTTP requests (a fifth as many for gRPC)"
    )
    json.dump(asyncio.run(run(parser.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
