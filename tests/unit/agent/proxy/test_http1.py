import asyncio

import pytest

from tulle.agent.proxy.http1 import Answer, BadAnswerError, ask


async def answered_with(raw: bytes, limit: int = 1000) -> tuple[Answer, bytes]:
    """Ask a server that answers every request with these bytes and hangs up."""
    heard = bytearray()

    async def serve(reader, writer):
        heard.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        answer = await ask(reader, writer, "GET", "/x?y", host="h", limit=limit)
        return answer, bytes(heard)


async def test_a_body_of_known_length_is_read():
    answer, heard = await answered_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    assert answer == Answer(200, b"hi")
    assert heard.startswith(b"GET /x?y HTTP/1.1\r\nhost: h\r\n")


async def test_a_chunked_body_is_joined():
    answer, _ = await answered_with(
        b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"
    )

    assert answer == Answer(503, b"abcde")


async def test_a_body_that_ends_with_the_connection_is_read_to_its_end():
    answer, _ = await answered_with(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    assert answer == Answer(200, b"all of it")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_whole_answer_is_refused(raw):
    with pytest.raises(BadAnswerError):
        await answered_with(raw)


@pytest.mark.parametrize(
    "head", [b"content-length: 11\r\n\r\n", b"transfer-encoding: chunked\r\n\r\nb\r\n", b"\r\n"]
)
async def test_no_more_is_read_than_allowed(head):
    with pytest.raises(BadAnswerError):
        await answered_with(b"HTTP/1.1 200 OK\r\n" + head + b"x" * 11, limit=10)
