"""The agent's socket: who comes, what each may ask, and the talk with every `tulle run`.

One task per connection. Everything is decided elsewhere: `peers` says who may, `tenancy` what follows.
"""

import asyncio
import contextlib
import os
import re
import socket
from pathlib import Path
from typing import Protocol, assert_never

from tulle import __version__
from tulle.agent.host import frames, peers
from tulle.agent.host.book import Record
from tulle.agent.host.frames import (
    Ask,
    Denied,
    End,
    Goodbye,
    HandingOver,
    HandOver,
    Health,
    Hurry,
    Join,
    Leave,
    Report,
    ToAgent,
    Told,
    Welcome,
)
from tulle.agent.host.line import Line
from tulle.agent.host.lodging import Lodging
from tulle.agent.host.peers import Peer
from tulle.agent.host.reports import HostReport
from tulle.agent.host.roster import Entry, Roster
from tulle.agent.host.settings import HostSettings
from tulle.agent.host.words import settings_of
from tulle.agent.programs.processes import Mark, mark_of
from tulle.agent.state import write_private
from tulle.model.problems import Problem, system_words
from tulle.settings import AgentSettings

TOKEN = "join.token"  # noqa: S105 - the name of a file
"""In a workload's folder: the token its `tulle run` brought."""
_MOST_LINES, _MOST_OF_A_USER = 2048, 256
_FIRST_WORD_S = 10.0
_CLOSE_S = 2.0


class Agent(Protocol):
    """What the door asks the agent."""

    def report(self, roster: Roster, peer: Peer) -> HostReport:
        """What the peer may see."""
        ...

    def hand_over(self) -> None:
        """Another agent goes on."""
        ...

    def end(self) -> None:
        """Drain everything, then go."""
        ...


class Door:
    """Serves the socket from `open` to `close`."""

    def __init__(self, settings: HostSettings, roster: Roster, agent: Agent) -> None:
        self._settings = settings
        self._roster = roster
        self._agent = agent
        self._server: asyncio.Server | None = None
        self._lines: dict[Line[ToAgent], Peer] = {}
        self._gone = asyncio.Event()
        self._gone.set()

    async def open(self, listening: socket.socket) -> None:
        """Let them come."""
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=frames.LONGEST
        )

    async def close(self) -> None:
        """Hang up on everybody; who waits for something else is not waited for."""
        if self._server:
            self._server.close()
        for line in list(self._lines):
            line.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._gone.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line[ToAgent] = Line(reader, writer, frames.read_to_agent)
        peer = peers.peer_of(writer.get_extra_info("socket"))
        if not self._has_room(peer):
            await line.closed()
            return
        self._lines[line] = peer
        self._gone.clear()
        try:
            line.send(_welcome())
            await self._answer(line, peer)
        finally:
            await line.closed()
            del self._lines[line]
            if not self._lines:
                self._gone.set()

    def _has_room(self, peer: Peer) -> bool:
        """Nobody may use up what others need: a user who may not command the agent has its share of lines."""
        if peers.may_command(peer, os.getuid()):
            return len(self._lines) < _MOST_LINES
        of_user = sum(other.uid == peer.uid for other in self._lines.values())
        return of_user < _MOST_OF_A_USER and len(self._lines) < _MOST_LINES // 2

    async def _answer(self, line: Line[ToAgent], peer: Peer) -> None:
        match await _first_word(line):
            case None | Health() | Leave() | Hurry() | Goodbye():
                return  # it wanted to know who is here; or it has not said who it is
            case Join() as join:
                await self._run(line, peer, join)
            case Ask():
                line.send(Report(host=self._agent.report(self._roster, peer)))
            case HandOver() | End() as command:
                await self._obey(line, peer, command)
            case other:
                assert_never(other)

    async def _obey(self, line: Line[ToAgent], peer: Peer, command: HandOver | End) -> None:
        if not peers.may_command(peer, os.getuid()):
            problem = Problem("", "not-yours", "the agent is another user's", "ask root")
            line.send(_denied(problem))
        elif isinstance(command, HandOver):
            line.send(HandingOver())
            self._agent.hand_over()
        else:
            self._agent.end()
            await line.receive()  # the line ends when everything else has

    async def _run(self, line: Line[ToAgent], peer: Peer, join: Join) -> None:
        """The talk with one `tulle run`."""
        owner = mark_of(peer.pid) if peer.pid else None
        folder = self._folder(peer, join)
        settings = self._read(peer, join, folder)
        if isinstance(settings, Problem) or owner is None:
            line.send(_denied(settings if isinstance(settings, Problem) else _UNSEEN))
            return
        found = await self._find(line, folder, owner)
        if isinstance(found, Problem):
            line.send(_denied(found))
            return
        if found is None:
            try:
                lodging = self._lodge(line, peer, join, settings, owner)
            except OSError as error:
                line.send(_denied(_unusable(folder, error)))
                return
        else:
            lodging = found
            lodging.attach(owner, line.send)
        await _listen(line, lodging)

    def _read(self, peer: Peer, join: Join, folder: Path) -> AgentSettings | Problem:
        if not frames.is_compatible(join.version):
            return Problem(
                "",
                "agent-version",
                f"the host's agent speaks version {frames.VERSION}, you speak {join.version}",
                "upgrade the older one, or use --no-agent",
            )
        token = folder / TOKEN if join.token else None
        settings = settings_of(join.words, folder, self._settings.envoy, token)
        if not isinstance(settings, AgentSettings):
            return settings[0]
        own_ports = [up.local_port for up in settings.upstreams if up.local_port]
        if settings.http_proxy and settings.http_proxy.port:
            own_ports.append(settings.http_proxy.port)
        if settings.dns and settings.dns.port:
            own_ports.append(settings.dns.port)
        return peers.objection(peer, os.getuid(), join.words, own_ports) or settings

    async def _find(
        self, line: Line[ToAgent], folder: Path, owner: Mark
    ) -> Lodging | Problem | None:
        """The workload of that folder if it is this one's; None when there is none (any more)."""
        while entry := self._roster.get(folder):
            if entry.lodging and entry.lodging.owner == owner:
                return entry.lodging
            if problem := _taken(entry):
                return problem
            line.send(Told(text=f"waiting for {entry.hosted.name}, which is leaving"))
            await self._roster.until_gone(folder)
        return None

    def _lodge(
        self, line: Line[ToAgent], peer: Peer, join: Join, settings: AgentSettings, owner: Mark
    ) -> Lodging:
        folder = settings.state_dir
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if join.token:
            write_private(folder / TOKEN, join.token.encode())
        record = Record(
            words=join.words,
            uid=peer.uid,
            state_dir=str(folder),
            owner=owner,
            token_file=str(settings.token_file or ""),
        )
        return self._roster.lodge(record, settings, line.send)

    def _folder(self, peer: Peer, join: Join) -> Path:
        """A user's own agent keeps a workload where it would keep itself; root's keeps those of others by it."""
        if peer.uid == os.getuid() and join.state_dir:
            return Path(join.state_dir)
        name = re.sub(r"[^A-Za-z0-9-]", "-", Path(join.state_dir).name)[:48]
        return self._settings.state_dir / "users" / str(peer.uid) / (name or "workload")


async def _first_word(line: Line[ToAgent]) -> ToAgent | None:
    """Who says nothing for long has nothing to say."""
    try:
        async with asyncio.timeout(_FIRST_WORD_S):
            return await line.receive()
    except TimeoutError:
        return None


async def _listen(line: Line[ToAgent], lodging: Lodging) -> None:
    try:
        while True:
            match await line.receive():
                case None:
                    return
                case Health() | Leave() | Hurry() | Goodbye() as frame:
                    lodging.said(frame)
                case Join() | Ask() | HandOver() | End():
                    return  # not on this line
                case other:
                    assert_never(other)
    finally:
        lodging.detach(line.send)


def _taken(entry: Entry) -> Problem | None:
    """Whether somebody who lives has the workload."""
    if entry.lodging is None:
        source = entry.hosted.record.source
        return Problem("", "state-dir-in-use", f"{source} declares it", "take that file away")
    owner = entry.lodging.owner
    if mark_of(owner.pid) == owner and not entry.stop.asked.is_set():
        return Problem(
            "",
            "state-dir-in-use",
            f"process {owner.pid} runs this very workload",
            "stop it, or give this one a folder of its own with --state-dir",
        )
    return None


_UNSEEN = Problem(
    "", "process-unseen", "the host's agent cannot see your process", "use --no-agent"
)


def _welcome() -> Welcome:
    return Welcome(
        version=frames.VERSION,
        software=__version__,
        pid=os.getpid(),
        uid=os.getuid(),
        network=peers.network(),
    )


def _unusable(folder: Path, error: OSError) -> Problem:
    return Problem(
        "",
        "state-dir-unusable",
        f"the host's agent cannot use the state folder {folder}: {system_words(error)}",
        "choose another, which it may write, with --state-dir",
    )


def _denied(problem: Problem) -> Denied:
    return Denied(code=problem.code, message=problem.message, hint=problem.hint)
