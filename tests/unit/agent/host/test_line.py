import asyncio
from pathlib import Path

from tulle.agent.host import frames
from tulle.agent.host.line import Line, connect


async def answered(path: Path, said: bytes) -> list[frames.FromHost]:
    """What a line reads of what somebody says before hanging up."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    server = await asyncio.start_unix_server(speak, str(path))
    line: Line[frames.FromHost] = await connect(str(path), frames.read_from_host)
    heard = []
    while frame := await line.receive():
        heard.append(frame)
    await line.closed()
    server.close()
    return heard


async def test_frames_arrive_in_order_and_unknown_ones_are_passed_over(tmp_path):
    said = frames.encode(frames.Told(text="a")) + b'{"type":"new"}\n'

    assert await answered(tmp_path / "s", said + frames.encode(frames.HasLeft())) == [
        frames.Told(text="a"),
        frames.HasLeft(),
    ]


async def test_who_says_nonsense_or_too_much_is_as_good_as_gone(tmp_path):
    assert await answered(tmp_path / "s", b"GET / HTTP/1.1\r\n\r\n") == []
    assert await answered(tmp_path / "t", b"x" * (frames.LONGEST + 2)) == []


async def test_half_a_line_is_none(tmp_path):
    assert await answered(tmp_path / "s", b'{"type":"left"}') == []


async def test_somebody_who_reads_nothing_is_hung_up_on(tmp_path):
    lost = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line[frames.ToAgent] = Line(reader, writer, frames.read_to_agent)
        for _ in range(100):
            line.send(frames.Told(text="x" * 100_000))
        assert await line.receive() is None
        line.send(frames.Told(text="nobody"))
        lost.set()

    server = await asyncio.start_unix_server(flood, str(tmp_path / "s"))
    _, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    await asyncio.wait_for(lost.wait(), 10)
    writer.close()
    server.close()
