"""`tulle agent status` and `end` beside an agent that is only its answers."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from tulle.agent.host import frames
from tulle.agent.host.line import Line
from tulle.agent.host.reports import Carries, HostReport
from tulle.cli.agent.command import command
from tulle.cli.agent.inspection import HEADERS, row_of

WEB = Carries(
    name="shop/web-1",
    account="shop/web",
    uid=0,
    phase="serving",
    healthy=True,
    owner=7,
    proxy_pid=8,
    mtls_port=40001,
    certificate_ends=1000.0,
)
REPORT = HostReport(
    version="1.2.3", pid=4, uid=0, socket="/s", since=0.0, memory=25 * 2**20, workloads=(WEB,)
)


@contextmanager
def agent(path: Path, answer: frames.HostFrame | None) -> Iterator[None]:
    """One that answers one question so."""
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        done = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line: Line[frames.ToAgent] = Line(reader, writer, frames.read_to_agent)
            line.send(frames.Welcome(version="1.0", software="x", pid=1, uid=0))
            await line.receive()
            if answer:
                line.send(answer)
            await line.closed()
            done.set()

        server = await asyncio.start_unix_server(talk, str(path))
        ready.set()
        await asyncio.wait_for(done.wait(), 20)
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        thread.join()
        loop.close()


def test_status_shows_the_agent_and_what_it_carries(tmp_path: Path) -> None:
    with agent(tmp_path / "s", frames.Report(host=REPORT)):
        result = CliRunner().invoke(command, ["status", "--socket", str(tmp_path / "s")])

    assert result.exit_code == 0, result.output
    first, header, row = result.stdout.splitlines()
    assert first.startswith("agent 1.2.3, process 4, ")
    assert "25 MB" in first
    assert header.split()[0] == HEADERS[0]
    assert " ".join(row.split()) == "shop/web-1 takes traffic process 7 8 40001 0s left none"


def test_status_as_json_is_the_whole_report(tmp_path: Path) -> None:
    with agent(tmp_path / "s", frames.Report(host=REPORT)):
        result = CliRunner().invoke(
            command, ["status", "-o", "json", "--socket", str(tmp_path / "s")]
        )

    found = json.loads(result.stdout)
    assert found["pid"] == 4
    assert found["workloads"][0]["mtlsPort"] == 40001


def test_a_workload_that_failed_says_why(tmp_path: Path) -> None:
    failed = Carries(
        name="shop/db", account="shop/db", uid=0, phase="joining", error="no token [x]"
    )
    report = HostReport(version="1", pid=4, uid=0, socket="/s", since=0.0, workloads=(failed,))
    with agent(tmp_path / "s", frames.Report(host=report)):
        result = CliRunner().invoke(command, ["status", "--socket", str(tmp_path / "s")])

    assert "failed" in result.stdout
    assert "shop/db: no token [x]" in result.stdout


def test_where_there_is_no_agent_it_says_how_to_get_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["status", "--socket", str(tmp_path / "none")])

    assert result.exit_code == 1
    assert "[agent-unreachable]" in result.stderr
    assert "tulle agent" in result.stderr


def test_end_returns_when_the_agent_hung_up(tmp_path: Path) -> None:
    with agent(tmp_path / "s", None):
        result = CliRunner().invoke(command, ["end", "--socket", str(tmp_path / "s")])

    assert result.exit_code == 0
    assert "ended" in result.stdout


def test_end_says_who_may_not(tmp_path: Path) -> None:
    with agent(tmp_path / "s", frames.Denied(code="not-yours", message="no", hint="ask root")):
        result = CliRunner().invoke(command, ["end", "--socket", str(tmp_path / "s")])

    assert result.exit_code == 1
    assert "[not-yours]" in result.stderr


def test_what_is_ill_says_why() -> None:
    ill = Carries(name="a/b", account="a/b", uid=0, phase="serving", reason="GET / answered 500")

    assert row_of(ill, 0.0)[1] == "no traffic: GET / answered 500"
