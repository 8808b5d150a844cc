"""One GET or POST over HTTP/1.1, enough for Envoy's admin socket and for health probes.

A full client (aiohttp) costs 300 ms to import and megabytes in every agent, to ask a neighbour one question a
second. Bodies are bounded; whatever cannot be read is a `BadAnswerError`.
"""

import asyncio
from dataclasses import dataclass


class BadAnswerError(Exception):
    """What came back was no HTTP, or too much of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code and body."""

    status: int
    body: bytes


async def ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    method: str,
    target: str,
    *,
    host: str,
    limit: int,
) -> Answer:
    """Send one request on a fresh connection and read its answer, at most `limit` bytes of body; then close."""
    try:
        writer.write(
            f"{method} {target} HTTP/1.1\r\nhost: {host}\r\nuser-agent: tulle\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        status, headers = _read_head(await reader.readuntil(b"\r\n\r\n"))
        return Answer(status, await _read_body(reader, headers, limit))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise BadAnswerError("the answer is no HTTP/1.1, or is cut short") from error
    finally:
        writer.close()


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    pairs = (line.partition(":") for line in lines if line)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str], limit: int) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader, limit)
    if "content-length" in headers:
        return await reader.readexactly(_within(int(headers["content-length"]), limit))
    body = await reader.read(limit + 1)
    while not reader.at_eof() and len(body) <= limit:
        body += await reader.read(limit + 1 - len(body))
    _within(len(body), limit)
    return body


async def _read_chunks(reader: asyncio.StreamReader, limit: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        total = _within(total + size, limit)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)


def _within(size: int, limit: int) -> int:
    if not 0 <= size <= limit:
        raise BadAnswerError(f"the body has {size} bytes, {limit} are the most taken")
    return size
