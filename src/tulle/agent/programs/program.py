"""The user's program: its environment, its start, its output, its end.

`agent` starts it once the proxy is ready. It runs as it would without a mesh, except for the variables that
say where its upstreams are.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack

from tulle.agent.errors import AgentError
from tulle.agent.programs.children import (
    HERE,
    Child,
    Inside,
    end_child,
    kill_group,
    send_signal,
    shell_code,
    start_child,
)
from tulle.model.kinds.workload import BoundUpstream, WorkloadPort

OutputSink = Callable[[str, str], None]
"""Gets a stream's name (`stdout` or `stderr`) and a line without its end."""

_HTTP_PROXY = ("HTTP_PROXY", "http_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_LONGEST_LINE = 64 * 1024
_VARIABLE = re.compile(r"\$(\$\([^)]*\)|\(([A-Za-z_][A-Za-z0-9_]*)\))")


def environment(
    base: Mapping[str, str], ports: Sequence[WorkloadPort], upstreams: Sequence[BoundUpstream]
) -> dict[str, str]:
    """What the mesh adds: PORT and PORT_<NAME>; <SERVICE>_HOST, _PORT and _ADDR for each upstream.

    A service called on several ports has the short names for the first and <SERVICE>_<PORT>_… for each.
    """
    added = {f"PORT_{_variable_name(port.name)}": str(port.port) for port in ports if port.name}
    if ports:
        added["PORT"] = str(ports[0].port)
    for upstream in upstreams:
        name = _variable_name(upstream.service)
        added |= _address_variables(f"{name}_{upstream.port}", upstream.local_port)
    for upstream in reversed(upstreams):  # so that the first one declared wins
        added |= _address_variables(_variable_name(upstream.service), upstream.local_port)
    return {**base, **added}


def with_http_proxy(env: Mapping[str, str], port: int) -> dict[str, str]:
    """The environment of a program that shall reach its upstreams by name.

    Both spellings, for programs differ in which one they read. What they exempt already stays exempt; loopback
    comes along, or `localhost` would be taken for an upstream. HTTPS_PROXY is left as it is: TLS that a program
    starts itself is nearly always meant for somebody outside the mesh, whom this port does not reach.
    """
    theirs = [name for spelling in _NO_PROXY for name in env.get(spelling, "").split(",")]
    exempt = ",".join(dict.fromkeys(filter(None, (*_LOOPBACK_NAMES, *map(str.strip, theirs)))))
    url = f"http://127.0.0.1:{port}"
    return {
        **env,
        **dict.fromkeys(_HTTP_PROXY, url),
        **dict.fromkeys(_NO_PROXY, exempt),
    }


def with_own(env: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The environment with the user's variables, which win and may refer to those before them."""
    result = dict(env)
    for name, value in own.items():
        result[name] = expand(value, result)
    return result


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)`, as Kubernetes does: unknown names stay as they are, `$$(NAME)` is `$(NAME)`."""

    def value(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        return variables.get(match[2], match[0])

    return _VARIABLE.sub(value, text)


def check_command(command: Sequence[str], env: Mapping[str, str], cwd: str | None) -> None:
    """Fail now, with the shell's exit code, rather than after the workload joined the mesh."""
    name = command[0]
    folder = cwd or os.curdir
    if not os.path.isdir(folder):  # noqa: PTH112 - the text the user gave is what is shown
        raise AgentError(
            "working-dir-missing",
            f"there is no folder {folder!r} to run {name!r} in",
            "make it, or name another: --working-dir, workingDir of a Process",
        )
    path = os.path.join(folder, name) if "/" in name else name  # noqa: PTH118 - absolute names stay
    if shutil.which(path, path=env.get("PATH", os.defpath)):
        return
    if "/" in name and os.path.exists(path):  # noqa: PTH110
        raise AgentError(
            "command-not-executable", f"{name!r} is no program", f"chmod +x {name}", exit_code=126
        )
    raise AgentError(
        "command-missing",
        f"there is no command {name!r}",
        "check its spelling and PATH" if "/" not in name else "check its path",
        exit_code=127,
    )


class Program:
    """One run of the command. With `sink`, its lines go there; without, it writes where the agent writes."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None = None,
        sink: OutputSink | None = None,
        inside: Inside = HERE,
    ) -> None:
        self._inside = inside
        self._command = [expand(word, env) for word in command]
        self._env = env
        self._cwd = cwd or None
        self._sink = sink
        self._inside = inside
        self._process: Process | None = None
        self._ended = asyncio.Event()

    async def run(self, started: Callable[[int], None]) -> int:
        """Start it, say its process id, carry its output; its exit code when it ended. Cancelled: killed."""
        async with AsyncExitStack() as stack:
            pipes = {name: await _pipe(stack) for name in ("stdout", "stderr") if self._sink}
            # Asked to end with us, not killed: it may have data to save and children of its own.
            child = Child(self._command, self._env, signal.SIGTERM, self._cwd, self._inside)
            self._process = process = await start_child(
                child, stdin=_stdin(), **{name: pipe.inlet for name, pipe in pipes.items()}
            )
            try:
                started(process.pid)
                async with asyncio.TaskGroup() as group:
                    readers = [
                        group.create_task(self._carry(name, pipe.release()))
                        for name, pipe in pipes.items()
                    ]
                    code = await process.wait()
                    kill_group(process)  # also closes the pipes its leftovers hold
                    await _let_finish(readers)
                return shell_code(code)
            finally:
                await end_child(process, signal.SIGKILL, 0.0)
                self._ended.set()

    def signal(self, signum: int) -> None:
        """Pass a signal on."""
        if self._process:
            send_signal(self._process, signum)

    async def end(self, signum: int, patience: Coroutine[None, None, None]) -> None:
        """Ask it to end with `signum`; insist when patience is over. Its code is what `run` returns."""
        self.signal(signum)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(patience)
            ending = group.create_task(self._ended.wait())
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if self._process:
                kill_group(self._process)

    async def _carry(self, name: str, stream: asyncio.StreamReader) -> None:
        assert self._sink
        rest = b""
        while chunk := await stream.read(_LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._sink(name, _text(line))
            if len(rest) >= _LONGEST_LINE:
                self._sink(name, _text(rest))
                rest = b""
        if rest:
            self._sink(name, _text(rest))


class _Pipe:
    """A pipe of our own: asyncio's would make waiting for the program a wait for all who inherited them."""

    def __init__(self, reader: asyncio.StreamReader, inlet: int) -> None:
        self.inlet = inlet
        self._reader = reader

    def release(self) -> asyncio.StreamReader:
        """The child has its end: ours would keep the pipe open for ever."""
        self.close()
        return self._reader

    def close(self) -> None:
        if self.inlet >= 0:
            os.close(self.inlet)
            self.inlet = -1


async def _pipe(stack: AsyncExitStack) -> _Pipe:
    outlet, inlet = os.pipe()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    pipe = _Pipe(reader, inlet)
    stack.callback(pipe.close)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(outlet, "rb")
    )
    stack.callback(transport.close)
    return pipe


async def _let_finish(readers: Sequence[asyncio.Task[None]]) -> None:
    """Read what is left in the pipes; a daemon that left the group but keeps them open is not waited for."""
    if readers:
        _, late = await asyncio.wait(readers, timeout=1.0)
        for reader in late:
            reader.cancel()


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")


def _stdin() -> int | None:
    """A program outside the terminal's foreground group is stopped when it reads from it: give it nothing."""
    return DEVNULL if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty() else None


def _variable_name(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", text.upper())


def _address_variables(name: str, port: int) -> dict[str, str]:
    return {
        f"{name}_HOST": "127.0.0.1",
        f"{name}_PORT": str(port),
        f"{name}_ADDR": f"127.0.0.1:{port}",
    }
