"""gRPC to the control plane: channels whose peer is verified, and errors in words.

`identity` joins and renews over short-lived channels; `session` and `upstream` share one through an `Uplink`,
so that an agent costs the control plane one connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import cast

import grpc
import msgspec

from tulle.agent.errors import AgentError
from tulle.model.skew import OURS, said, too_far
from tulle.model.wire import CONTROL_PLANE_NAME, PING_EVERY_S, PONG_WITHIN_S, Refused
from tulle.pki.renewals import SET_CLOCKS

_OPTIONS = (
    # The control plane's certificate carries a name of its own, whatever address it is reached by.
    ("grpc.ssl_target_name_override", CONTROL_PLANE_NAME),
    # Back-off is ours: a shared pool would remember failures of channels long closed.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", round(PING_EVERY_S * 1000)),
    ("grpc.keepalive_timeout_ms", round(PONG_WITHIN_S * 1000)),
    # An agent may have nothing to say for days: by default gRPC then stops asking after two pings.
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    # The agent talks to its control plane directly, never through what HTTP_PROXY names.
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe (`roots`, PEM) and, where there is one, who to be."""

    roots: str
    private_key: str = field(default="", repr=False)
    chain: str = ""


class UnreachableError(Exception):
    """The control plane did not answer; later it may. The text says why, in a few words."""


class RefusedError(Exception):
    """The control plane answered no."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(f"{refused.message} [{refused.code}]")

    def as_agent_error(self) -> AgentError:
        """For those who cannot go on without a yes."""
        return AgentError(self.refused.code, self.refused.message, self.refused.hint)


class RenewedError(Exception):
    """A stream ends because there is a new certificate: nothing is wrong."""


def open_channel(address: str, trust: Trust) -> grpc.aio.Channel:
    """A channel to `address` that believes only `trust`."""
    credentials = grpc.ssl_channel_credentials(
        trust.roots.encode(),
        trust.private_key.encode() or None,
        trust.chain.encode() or None,
    )
    return grpc.aio.secure_channel(address, credentials, options=_OPTIONS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the control plane answered, and which version of the wire it speaks."""

    data: bytes = field(repr=False)
    version: int


async def call(
    address: str, trust: Trust, method: str, request: bytes, timeout_s: float = 10.0
) -> Answer:
    """One question on a channel of its own."""
    channel = open_channel(address, trust)
    try:
        with grpc_errors():
            asked = channel.unary_unary(method)(request, timeout=timeout_s, metadata=OURS)
            data = cast("bytes", await asked)
            return Answer(data, version_of(await asked.initial_metadata()))
    finally:
        await channel.close()


def version_of(metadata: Iterable[tuple[str, str | bytes]] | None) -> int:
    """The version of the wire a control plane speaks, by the metadata of its answer. Raises RefusedError if we cannot."""
    theirs = said(metadata)
    refusal = too_far(theirs, they="control plane", we="agent")
    if refusal is not None:
        raise RefusedError(refusal)
    return theirs


class Uplink:
    """The channel to the control plane that streams share; it follows the identity as that is renewed.

    A stream that runs keeps the channel it began on. After a failure, or with a new certificate, the next
    stream gets a fresh one.
    """

    def __init__(self, address: str, trust: Callable[[], Trust]) -> None:
        self._address = address
        self._trust = trust
        self._current: grpc.aio.Channel | None = None
        self._made_for: Trust | None = None
        self._users: dict[grpc.aio.Channel, int] = {}
        self._renewed = asyncio.Event()

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncGenerator[grpc.aio.Channel]:
        """The channel for as long as a stream lasts."""
        channel = self._fresh()
        self._users[channel] = self._users.get(channel, 0) + 1
        try:
            yield channel
        finally:
            if channel is self._current:
                self._current = None
            self._users[channel] -= 1
            if not self._users[channel]:
                del self._users[channel]
                await channel.close()

    def renew(self) -> None:
        """There is a new certificate: streams of the old one end and begin anew, before the old one expires."""
        self._renewed.set()
        self._renewed = asyncio.Event()

    async def until_renewed(self) -> None:
        """For a stream to run beside: raises RenewedError when it is time to begin anew."""
        await self._renewed.wait()
        raise RenewedError

    def _fresh(self) -> grpc.aio.Channel:
        trust = self._trust()
        if self._current is None or self._made_for != trust:
            self._current = open_channel(self._address, trust)
            self._made_for = trust
        return self._current


@contextlib.contextmanager
def grpc_errors() -> Generator[None]:
    """Foreign errors end here."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise translate(error.code(), error.details() or "") from error


def translate(code: grpc.StatusCode, details: str) -> Exception:
    """What a failed call means for an agent: try again, give up, or say no to the user."""
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        return _tls_error(details) or UnreachableError(_in_few_words(details))
    if code in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}:
        return UnreachableError(_in_few_words(details) or code.name.lower())
    return RefusedError(_read_refusal(code, details))


def _tls_error(details: str) -> AgentError | None:
    """A control plane that is there but cannot be believed. Waiting mends none of these."""
    if "not yet valid" in details or "has expired" in details:
        return AgentError(
            "clock-skew",
            "this machine's clock and the control plane's disagree: its certificate is not valid now",
            SET_CLOCKS,
        )
    if "CERTIFICATE_VERIFY_FAILED" in details:
        return AgentError(
            "server-not-trusted",
            "what answers there is not the control plane that made the token (or it was set up anew)",
            "check --server, or make a new token on that server: tulle token create",
        )
    if "WRONG_VERSION_NUMBER" in details:
        return AgentError(
            "server-speaks-no-tls",
            "what answers there is no Tulle control plane",
            "check --server: it is the join address, port 15010 by default",
        )
    return None


def _read_refusal(code: grpc.StatusCode, details: str) -> Refused:
    try:
        return msgspec.json.decode(details, type=Refused)
    except msgspec.MsgspecError:
        status = code.name.lower().replace("_", "-")
        message = f"the control plane refused without a reason of its own: {details or status}"
        hint = "are agent and control plane of the same version? `tulle version` says"
        return Refused(code=f"grpc-{status}", message=message, hint=hint)


def _in_few_words(details: str) -> str:
    """`failed to connect to all addresses; last error: UNKNOWN: ipv4:…: Connection refused` → its end."""
    for words in ("Connection refused", "Socket closed", "Domain name not found", "timed out"):
        if words.lower() in details.lower():
            return words.lower()
    return details.rpartition("last error: ")[2][:200].strip()
