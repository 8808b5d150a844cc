"""Whether the program can take traffic: one probe at a time, and a verdict that neither jumps nor lingers.

`agent` runs the monitor beside the program; `session` reports every change of the verdict, and only then does
the mesh send traffic, or stop sending it.
"""

import asyncio
import errno
import os
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tulle.agent.programs.children import Child, end_child, start_child
from tulle.agent.programs.program import expand
from tulle.agent.proxy import http1
from tulle.model.durations import seconds
from tulle.model.kinds.process import ExecProbe, Health, HttpProbe, TcpProbe
from tulle.model.kinds.workload import WorkloadPort

FAILURES_TO_LEAVE = 3
"""So many failed probes in a row take the workload out; the first success brings it in."""

_FIRST_WAIT_S = 0.02
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


async def probe(
    health: Health,
    ports: Sequence[WorkloadPort],
    env: Mapping[str, str],
    cwd: str | None = None,
) -> str:
    """Ask once: "" if the program is fine, else why not. Commands run where and as the program does."""
    try:
        async with asyncio.timeout(seconds(health.timeout)):
            if health.http:
                return await _probe_http(health.http, _port(health.http.port, ports))
            if health.exec:
                return await _probe_exec(health.exec, env, cwd)
            return await _probe_tcp(_port(health.tcp.port if health.tcp else "", ports))
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


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
        # A port of the ephemeral range nobody listens on: once in a while TCP connects us to ourselves.
        writer.transport.abort()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "")
    return reader, writer


async def _probe_tcp(port: int) -> str:
    _, writer = await _connect(port)
    writer.close()
    return ""


async def _probe_http(wanted: HttpProbe, port: int) -> str:
    reader, writer = await _connect(port)
    try:
        answer = await http1.ask(
            reader, writer, "GET", wanted.path, host=f"127.0.0.1:{port}", limit=_LARGEST_BODY
        )
    except http1.BadAnswerError as error:
        return str(error)
    return "" if 200 <= answer.status < 400 else f"GET {wanted.path} answered {answer.status}"


async def _probe_exec(wanted: ExecProbe, env: Mapping[str, str], cwd: str | None) -> str:
    command = [expand(word, env) for word in wanted.command]
    child = Child(command, env, signal.SIGKILL, cwd)
    process = await start_child(child, stdout=DEVNULL, stderr=DEVNULL)
    try:
        code = await process.wait()
    finally:
        await end_child(process, signal.SIGKILL, 0.0)
    return "" if code == 0 else f"{wanted.command[0]} exited with {code}"
