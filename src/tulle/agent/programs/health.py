"""Whether the program can take traffic: one probe at a time, and a verdict that neither jumps nor lingers.

`agent` runs the monitor beside the program; `session` reports every change of the verdict, and only then does
the mesh send traffic, or stop sending it.
"""

import asyncio
import errno
import os
import signal
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tulle.agent.capture.namespaces import entered
from tulle.agent.programs.children import HERE, Child, Inside, end_child, start_child
from tulle.agent.programs.program import expand
from tulle.agent.proxy import http1
from tulle.model.durations import seconds
from tulle.model.kinds.process import ExecProbe, Health, HttpProbe, TcpProbe
from tulle.model.kinds.workload import WorkloadPort

FAILURES_TO_LEAVE = 3
"""So many failed probes in a row take the workload out; the first success brings it in."""

_FIRST_WAIT_S = 0.02
_LOOPBACK = "127.0.0.1"
_LARGEST_BODY = 4 * 1024 * 1024


@dataclass(slots=True)
class Verdict:
    """Healthy from the first success on, unhealthy after `FAILURES_TO_LEAVE` failures in a row."""

    healthy: bool = False
    reason: str = "the program has not answered yet"
    _failures: int = 0

    def observe(self, failure: str) -> bool:
        """Take in a probe's outcome ("" is success); True if the verdict changed by it."""
        if not failure:
            changed, self.healthy = not self.healthy, True
            self.reason, self._failures = "", 0
            return changed
        self._failures += 1
        if self.healthy and self._failures < FAILURES_TO_LEAVE:
            return False
        changed, self.healthy = self.healthy, False
        self.reason = failure
        return changed


def effective(health: Health | None, ports: Sequence[WorkloadPort]) -> Health | None:
    """What to probe: as asked, or the first port by TCP, or nothing for a program that serves nobody."""
    if health is not None:
        return health
    return Health(tcp=TcpProbe()) if ports else None


@dataclass(frozen=True, slots=True)
class Where:
    """A program and its surroundings. `mark` is what a connection bears that a captured program is to take."""

    ports: Sequence[WorkloadPort]
    env: Mapping[str, str]
    cwd: str | None = None
    inside: Inside = HERE
    mark: int = 0


async def probe(health: Health, where: Where) -> str:
    """Ask once: "" if the program is fine, else why not. Commands run where and as the program does."""
    try:
        async with asyncio.timeout(seconds(health.timeout)):
            if health.http:
                return await _probe_http(health.http, where)
            if health.exec:
                return await _probe_exec(health.exec, where)
            return await _probe_tcp(health.tcp or TcpProbe(), where)
    except TimeoutError:
        return f"no answer within {health.timeout}"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)


async def monitor(
    ask: Callable[[], Awaitable[str]], interval_s: float, changed: Callable[[bool, str], None]
) -> None:
    """Probe for ever; `changed` hears of every change of the verdict, with the reason if it is a bad one.

    A program that starts is looked at often, then ever less: most are up in a moment, and must not wait for us.
    """
    verdict = Verdict()
    wait_s = min(_FIRST_WAIT_S, interval_s)
    while True:
        if verdict.observe(await ask()):
            changed(verdict.healthy, verdict.reason)
        wait_s = interval_s if verdict.healthy else min(wait_s * 1.5, interval_s)
        await asyncio.sleep(wait_s)


def _port(wanted: int | str, ports: Sequence[WorkloadPort]) -> int:
    for port in ports:
        if wanted in ("", port.port, str(port.port), port.name):
            return port.port
    return int(wanted) if str(wanted).isdecimal() else 0


async def _connect(port: int, where: Where) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    with entered(where.inside.netns):
        mine = socket.socket()
    try:
        await _call(mine, port, where.mark)
    except BaseException:
        mine.close()
        raise
    return await asyncio.open_connection(sock=mine)


async def _call(mine: socket.socket, port: int, mark: int) -> None:
    mine.setblocking(False)
    if mark:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    await asyncio.get_running_loop().sock_connect(mine, (_LOOPBACK, port))
    if mine.getsockname() == mine.getpeername():
        # A port of the ephemeral range nobody listens on: once in a while TCP connects us to ourselves.
        raise ConnectionRefusedError(errno.ECONNREFUSED, "")


async def _probe_tcp(wanted: TcpProbe, where: Where) -> str:
    _, writer = await _connect(_port(wanted.port, where.ports), where)
    writer.close()
    return ""


async def _probe_http(wanted: HttpProbe, where: Where) -> str:
    port = _port(wanted.port, where.ports)
    reader, writer = await _connect(port, where)
    try:
        answer = await http1.ask(
            reader, writer, "GET", wanted.path, host=f"{_LOOPBACK}:{port}", limit=_LARGEST_BODY
        )
    except http1.BadAnswerError as error:
        return str(error)
    return "" if 200 <= answer.status < 400 else f"GET {wanted.path} answered {answer.status}"


async def _probe_exec(wanted: ExecProbe, where: Where) -> str:
    command = [expand(word, where.env) for word in wanted.command]
    child = Child(command, where.env, signal.SIGKILL, where.cwd, where.inside)
    process = await start_child(child, stdout=DEVNULL, stderr=DEVNULL)
    try:
        code = await process.wait()
    finally:
        await end_child(process, signal.SIGKILL, 0.0)
    return "" if code == 0 else f"{wanted.command[0]} exited with {code}"
