"""Who the workload is: its key and certificate, obtained with a token, renewed with itself, kept on disk.

Keys are made here and never leave: the control plane sees requests for certificates only. One file holds key
and chain together, so that no crash can part them. A token works once; after that the certificate in hand is
the way to the next one. A workload that leaves in good order is forgotten by the control plane, and gets a
token of its own to come back with: who stops and starts a program needs no new one.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from tulle.agent.control import channels, keysmith
from tulle.agent.control.backoff import Backoff, luck
from tulle.agent.control.channels import Answer, RefusedError, Trust, UnreachableError
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.state import StateDir
from tulle.agent.token_file import read_token_file
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.model.skew import UNSAID, Reader
from tulle.model.wire import (
    METHOD_JOIN,
    METHOD_RENEW,
    Credentials,
    JoinRequest,
    RenewRequest,
    encode,
    workload_dns_name,
)
from tulle.pki import renewals
from tulle.pki.token_lines import TokenLine, read_line
from tulle.settings import AgentSettings

Clock = Callable[[], float]
"""Unix seconds."""

_FILE = "identity.json"
_RETURN = "return.token"
_LONGEST_NAP_S = 30.0
"""A laptop that slept must notice soon after it wakes: the loop's clock did not run meanwhile."""
_TELL_AGAIN_S = 60.0
_TOLD_S = 30.0
"""A clock that is further off than this is told of."""
_LONGEST_PAUSE_S = 60.0
"""Between two tries to renew: a control plane that was away long hears of everybody within a minute."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A key, its certificate and when it came (Unix seconds).

    `token_id` names the token it began with, `labels` are those it was asked for.
    """

    private_key: str
    credentials: Credentials
    obtained_at: float
    token_id: str
    labels: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Identity({self.workload}, key redacted)"

    @property
    def workload(self) -> WorkloadRef:
        """The name the control plane gave."""
        return WorkloadRef(self.credentials.namespace, self.credentials.workload)

    @property
    def chain(self) -> str:
        """Leaf first, PEM."""
        return "".join(self.credentials.chain)

    @property
    def trust(self) -> Trust:
        """How to speak to the control plane as this workload."""
        return Trust("".join(self.credentials.roots), self.private_key, self.chain)

    def is_expired(self, now: float) -> bool:
        """Whether nobody accepts it any more."""
        return now >= self.credentials.not_after

    def renew_at(self, jitter: float) -> float:
        """When to ask for the next one."""
        return renewals.renew_at(self.obtained_at, self.credentials.not_after, jitter)


class IdentityKeeper:
    """Obtains the identity and keeps it fresh. `current` is set once `obtain` has returned.

    `from_disk`: it was there from last time.
    """

    current: Identity

    def __init__(
        self,
        settings: AgentSettings,
        state: StateDir,
        clock: Clock,
        tell: Callable[[Notice], None],
    ) -> None:
        self.from_disk = False
        self._settings = settings
        self._state = state
        self._clock = clock
        self._tell = tell

    async def obtain(self) -> None:
        """Take the one on disk, or get a new one by the token."""
        saved = self._saved()
        token, text = self._token(needed=saved is None)
        renewed_by_user = token is not None and saved is not None and token.id != saved.token_id
        if saved and not renewed_by_user:
            self.current, self.from_disk = saved, True
            if await self.come_back() or not saved.is_expired(self._clock()):
                return
        if token is None:
            raise _expired(saved, "there is no token to join again with")
        await self._join(token, text, saved)
        self.from_disk = False

    def keep_return(self, token: str) -> None:
        """The workload left, and may come back by this: the control plane knows it no longer."""
        self._state.write(_RETURN, token.encode())

    async def come_back(self) -> bool:
        """Be let in again as the workload that left; False if it did not leave, or cannot now."""
        text = (self._state.read(_RETURN) or b"").decode(errors="replace")
        token = read_line(text) if text else None
        if token is None or isinstance(token, Problem):
            return False
        key, request = await self._request(text)
        try:
            answer = await channels.call(
                str(self._settings.server), Trust(token.root_pem), METHOD_JOIN, request
            )
        except (UnreachableError, AgentError):
            return False  # kept for when it is back
        except RefusedError:
            self._state.remove(_RETURN)
            return False
        await self._accept(key, _read(answer), self.current.token_id)
        self._state.remove(_RETURN)
        return True

    async def note_drain(self, drain_s: float) -> None:
        """The mesh drains connections otherwise now: an agent that starts again must know before it is told."""
        credentials = self.current.credentials
        if credentials.connection_drain_s != drain_s:
            changed = msgspec.structs.replace(credentials, connection_drain_s=drain_s)
            self.current = msgspec.structs.replace(self.current, credentials=changed)
            await self._save()

    async def keep_fresh(self, renewed: Callable[[Identity], None]) -> None:
        """Renew for ever, each time early enough to fail for as long again as the certificate still lives."""
        while True:
            await self._until_due(self.current.renew_at(luck()))
            await self._renew()
            renewed(self.current)

    async def _join(self, token: TokenLine, text: str, saved: Identity | None) -> None:
        key, request = await self._request(text)
        try:
            answer = await self._ask_until_answered(
                str(self._settings.server), Trust(token.root_pem), METHOD_JOIN, request
            )
        except RefusedError as error:
            if saved and saved.token_id == token.id:
                raise _expired(saved, str(error)) from error
            raise error.as_agent_error() from error
        await self._accept(key, _read(answer), token.id)

    async def _request(self, token: str) -> tuple[str, bytes]:
        """A new key, and the request to join with it."""
        made = await keysmith.new_key(workload_dns_name(self._settings.namespace, "new"))
        request = JoinRequest(
            token=token,
            namespace=self._settings.namespace,
            service_account=self._settings.service_account,
            labels=self._settings.labels,
            csr=made.csr,
        )
        return made.private_key, encode(request)

    async def _renew(self) -> None:
        """Ask until there is an answer; with a certificate that expired meanwhile, only a token helps."""
        backoff = Backoff(0.2, most_s=_LONGEST_PAUSE_S)
        told_at, told_end = -_TELL_AGAIN_S, False
        while True:
            try:
                return await (self._rejoin() if self._left_s() <= 0 else self._renew_once())
            except (UnreachableError, RefusedError, AgentError) as error:
                ended = self._left_s() <= 0
                if ended is not told_end or self._clock() - told_at >= _TELL_AGAIN_S:
                    told_at, told_end = self._clock(), ended
                    self._tell(Notice(f"cannot renew the certificate: {error}; trying again"))
                await asyncio.sleep(renewals.pause_s(backoff.next_s(), self._left_s()))

    async def _renew_once(self) -> None:
        identity = self.current
        made = await keysmith.new_key(
            workload_dns_name(identity.workload.namespace, identity.workload.name)
        )
        answer = await channels.call(
            self.xds_address, identity.trust, METHOD_RENEW, encode(RenewRequest(csr=made.csr))
        )
        await self._accept(made.private_key, _read(answer), identity.token_id)

    async def _rejoin(self) -> None:
        """The certificate expired while the control plane was away: perhaps the user brought a new token."""
        token, text = self._token(needed=False)
        if token is None or token.id == self.current.token_id:
            raise _expired(self.current, "the control plane was away too long")
        await self._join(token, text, saved=None)

    async def _accept(self, key: str, credentials: Credentials, token_id: str) -> None:
        now = self._clock()
        _check_clocks(credentials, now, self._tell)
        self.current = Identity(
            private_key=key,
            credentials=credentials,
            obtained_at=now,
            token_id=token_id,
            labels=self._settings.labels,
        )
        await self._save()

    async def _save(self) -> None:
        data = msgspec.json.encode(self.current)
        await asyncio.to_thread(self._state.write, _FILE, data)

    @property
    def xds_address(self) -> str:
        """Where the control plane serves workloads; a wildcard there means the host it was joined at."""
        host, _, port = self.current.credentials.xds_address.rpartition(":")
        if host in {"", "0.0.0.0", "[::]", "::"}:  # noqa: S104 - read, not bound
            return str(replace(self._settings.server, port=int(port)))
        return f"{host}:{port}"

    async def _ask_until_answered(
        self, address: str, trust: Trust, method: str, request: bytes
    ) -> Answer:
        backoff = Backoff(0.2, most_s=5.0)
        told_at = -_TELL_AGAIN_S
        while True:
            try:
                return await channels.call(address, trust, method, request)
            except UnreachableError as error:
                if self._clock() - told_at >= _TELL_AGAIN_S:
                    told_at = self._clock()
                    self._tell(
                        Notice(
                            f"waiting for the control plane at {address} ({error}); trying again"
                        )
                    )
                await asyncio.sleep(backoff.next_s())

    def _saved(self) -> Identity | None:
        """The identity on disk, if it is of the workload the settings speak of."""
        data = self._state.read(_FILE)
        try:
            saved = _SAVED.read(data, UNSAID) if data else None
        except msgspec.MsgspecError:
            return None
        if saved is None:
            return None
        wanted = (self._settings.namespace, self._settings.service_account, self._settings.labels)
        known = saved.credentials
        found = (known.namespace, known.service_account, saved.labels)
        return saved if found == wanted else None

    def _token(self, needed: bool) -> tuple[TokenLine | None, str]:
        path = self._settings.token_file
        text = "" if path is None else read_token_file(path, self._tell, needed)
        if not text:
            if needed:
                raise AgentError(
                    "token-missing",
                    "a workload that joins for the first time needs a token",
                    "make one with `tulle token create` and pass --token-file",
                )
            return None, ""
        token = read_line(text)
        if isinstance(token, Problem):
            raise AgentError(token.code, f"{path}: {token.message}", token.hint)
        return token, text

    def _left_s(self) -> float:
        return self.current.credentials.not_after - self._clock()

    async def _until_due(self, moment: float) -> None:
        """Until it is that time by the clock on the wall, or as much has passed as was missing from it now.

        A laptop that slept knows the first only. The second is for clocks that are set back: peers go by theirs.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + moment - self._clock()
        left = moment - self._clock()
        while left > 0:
            await asyncio.sleep(min(left, _LONGEST_NAP_S))
            left = min(moment - self._clock(), due - loop.time())


_CREDENTIALS: Reader[Credentials] = Reader(Credentials)
_SAVED: "Reader[Identity]" = Reader(Identity)


def _read(answer: Answer) -> Credentials:
    try:
        found = _CREDENTIALS.read(answer.data, answer.version)
    except msgspec.MsgspecError as error:
        raise AgentError(
            "server-answers-strangely",
            f"the control plane's answer cannot be read: {error}",
            "agent and control plane are of different versions: `tulle version`",
        ) from error
    assert found is not None  # only frames of a union can be strange
    return found


def _check_clocks(credentials: Credentials, now: float, tell: Callable[[Notice], None]) -> None:
    """A certificate that was just made tells what time it is over there."""
    begins, ends = credentials.not_before, credentials.not_after
    made_at = renewals.issue_time(credentials.issued_at, begins)
    if problem := renewals.check_clock(made_at, begins, ends, now):
        raise AgentError(problem.code, problem.message, problem.hint)
    ahead_s = now - made_at
    if abs(ahead_s) > _TOLD_S:
        tell(Notice(f"this machine's clock is {ahead_s:+.0f} s off the control plane's; set it"))


def _expired(saved: Identity | None, why: str) -> AgentError:
    name = saved.workload if saved else "the workload"
    return AgentError(
        "identity-expired",
        f"the certificate of {name} has expired, and it cannot be renewed: {why}",
        "make a new token with `tulle token create` and put it in the token file",
    )
