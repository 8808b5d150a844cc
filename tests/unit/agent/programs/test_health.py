import asyncio
import os
import socket

import pytest

from tulle.agent.programs.health import Verdict, Where, effective, monitor, probe
from tulle.model.kinds.process import ExecProbe, Health, HttpProbe, TcpProbe
from tulle.model.kinds.workload import WorkloadPort

ENV = {"PATH": os.environ["PATH"]}


class TestVerdict:
    def test_it_is_unhealthy_until_the_first_success(self):
        verdict = Verdict()

        assert not verdict.observe("refused")
        assert not verdict.healthy
        assert verdict.observe("")
        assert verdict.healthy

    def test_two_failures_are_forgiven_and_the_third_is_not(self):
        verdict = Verdict()
        verdict.observe("")

        assert [verdict.observe("slow") for _ in range(3)] == [False, False, True]
        assert (verdict.healthy, verdict.reason) == (False, "slow")

    def test_a_success_between_failures_starts_the_count_anew(self):
        verdict = Verdict()
        for outcome in ("", "slow", "slow", "", "slow", "slow"):
            verdict.observe(outcome)

        assert verdict.healthy

    def test_the_first_success_brings_it_back(self):
        verdict = Verdict()
        for outcome in ("", "slow", "slow", "slow"):
            verdict.observe(outcome)

        assert verdict.observe("")
        assert (verdict.healthy, verdict.reason) == (True, "")


class TestEffective:
    def test_without_a_wish_the_first_port_is_asked_by_tcp(self):
        assert effective(None, [WorkloadPort(port=1)]) == Health(tcp=TcpProbe())

    def test_who_serves_nobody_is_not_asked(self):
        assert effective(None, []) is None

    def test_a_wish_stands(self):
        health = Health(http=HttpProbe(path="/healthz"))

        assert effective(health, []) is health


class Server:
    """Answers every connection with the same bytes; `port` is its number."""

    def __init__(self, answer: bytes = b"") -> None:
        self._answer = answer
        self.heard = b""

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader, writer) -> None:
        if self._answer:
            self.heard = await reader.readuntil(b"\r\n")
            writer.write(self._answer)
        writer.close()


class TestProbe:
    async def test_tcp_is_content_with_a_connection(self):
        async with Server() as server:
            port = WorkloadPort(port=server.port)

            assert await probe(Health(tcp=TcpProbe()), Where([port], ENV)) == ""

    async def test_tcp_says_who_refused(self):
        with socket.socket() as taken:  # bound, but nobody listens
            taken.bind(("127.0.0.1", 0))
            port = WorkloadPort(port=taken.getsockname()[1])

            assert await probe(Health(tcp=TcpProbe()), Where([port], ENV)) == "Connection refused"

    async def test_a_port_is_found_by_name_or_number(self):
        async with Server() as server:
            ports = [WorkloadPort(port=1), WorkloadPort(port=server.port, name="web")]

            for wanted in ("web", server.port, str(server.port)):
                assert await probe(Health(tcp=TcpProbe(port=wanted)), Where(ports, ENV)) == ""

    @pytest.mark.parametrize(
        ("status", "outcome"), [(200, ""), (302, ""), (503, "GET /z answered 503")]
    )
    async def test_http_wants_200_to_399(self, status, outcome):
        async with Server(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode()) as server:
            health = Health(http=HttpProbe(path="/z"))

            assert await probe(health, Where([WorkloadPort(port=server.port)], ENV)) == outcome
            assert server.heard == b"GET /z HTTP/1.1\r\n"

    async def test_http_takes_no_other_protocol_for_an_answer(self):
        async with Server(b"-ERR unknown command\r\n\r\n") as server:
            health = Health(http=HttpProbe())

            assert "no HTTP" in await probe(health, Where([WorkloadPort(port=server.port)], ENV))

    @pytest.mark.parametrize(
        ("command", "outcome"), [(("true",), ""), (("false",), "false exited with 1")]
    )
    async def test_exec_wants_exit_code_0(self, command, outcome):
        assert await probe(Health(exec=ExecProbe(command=command)), Where([], ENV)) == outcome

    async def test_a_command_runs_where_and_as_the_program_does(self, tmp_path):
        (tmp_path / "here").touch()
        health = Health(exec=ExecProbe(command=("test", "-f", "$(NAME)")))

        assert await probe(health, Where([], {**ENV, "NAME": "here"}, str(tmp_path))) == ""

    async def test_whoever_takes_too_long_is_not_healthy_and_its_command_ends(self, tmp_path):
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        health = Health(
            exec=ExecProbe(command=("/bin/sh", "-c", f"exec >{fifo}; sleep 60")), timeout="200ms"
        )

        assert await probe(health, Where([], ENV)) == "no answer within 200ms"
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""  # the last one who could write is gone
        os.close(reader)


async def test_the_monitor_tells_changes_only():
    outcomes = iter(["no", "no", "", "", "x", "x", "x", "x", ""])
    told = []

    async def ask() -> str:
        outcome = next(outcomes, None)
        if outcome is None:
            raise EOFError
        return outcome

    with pytest.raises(EOFError):
        await monitor(ask, 0.001, lambda healthy, reason: told.append((healthy, reason)))

    assert told == [(True, ""), (False, "x"), (True, "")]
