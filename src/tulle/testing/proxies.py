"""A fake proxy: an agent's end of the control plane's wire, without an Envoy behind it.

It joins, opens delta ADS over mutual TLS, holds what it is sent, and accepts or refuses by a script. What it
speaks is built on `ads.client` and grpc alone, not on the agent: where both agree with the control plane, two
independent readings of the protocol do.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import grpc
import msgspec

from tulle.ads.client import DeltaClient
from tulle.ads.messages import ReceivedResponse, Request, decode_response, encode_request
from tulle.model.names import AccountRef, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.skew import OURS
from tulle.model.wire import (
    CONTROL_PLANE_NAME,
    METHOD_DELTA_ADS,
    METHOD_JOIN,
    METHOD_RENEW,
    METHOD_SESSION,
    Credentials,
    FromAgent,
    FromServer,
    JoinRequest,
    Refused,
    RenewRequest,
    decode_from_server,
    encode,
)
from tulle.pki.requests import new_request
from tulle.pki.tokens import read_token
from tulle.settings import Address
from tulle.xds.snapshots import XdsSnapshot

Verdict = Callable[[ReceivedResponse], str | None]
"""What a proxy says to a response: None accepts it, a text refuses it with these words."""

_OPTIONS = (
    ("grpc.ssl_target_name_override", CONTROL_PLANE_NAME),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


def accept_all(response: ReceivedResponse) -> str | None:
    """The usual proxy."""
    return None


def refusing(*versions: tuple[str, str]) -> Verdict:
    """A proxy that cannot bear these resources, by name and version."""

    def verdict(response: ReceivedResponse) -> str | None:
        found = [one.name for one in response.resources if (one.name, one.version) in versions]
        return f"cannot bear {', '.join(found)}" if found else None

    return verdict


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and what the control plane said it is worth."""

    private_key_pem: bytes = field(repr=False)
    credentials: Credentials

    @property
    def workload(self) -> WorkloadRef:
        """Who it is."""
        return WorkloadRef(self.credentials.namespace, self.credentials.workload)

    def channel(self, address: Address) -> grpc.aio.Channel:
        """A connection of its own, as this workload."""
        return _channel(
            address,
            "".join(self.credentials.roots),
            self.private_key_pem,
            "".join(self.credentials.chain).encode(),
        )


class RefusedError(Exception):
    """The control plane said no, in the words agents get."""

    def __init__(self, status: grpc.StatusCode, refused: Refused) -> None:
        self.status = status
        self.refused = refused
        super().__init__(f"{status.name}: {refused.message} [{refused.code}]")


def strangers_channel(address: Address, roots: str) -> grpc.aio.Channel:
    """A connection of somebody who knows whom to trust (PEM), and is nobody."""
    return _channel(address, roots)


async def join(address: Address, token: str, account: AccountRef, **claims: str) -> Identity:
    """Join with a token, as an agent does; `claims` are the labels it says it has. Raises RefusedError."""
    read = read_token(token)
    assert not isinstance(read, Problem), read
    key, csr = new_request("new.tulle")
    request = JoinRequest(
        token=token,
        namespace=account.namespace,
        service_account=account.name,
        labels=claims,
        csr=csr,
    )
    async with strangers_channel(address, read.root_pem) as channel:
        return Identity(key, await ask(channel, METHOD_JOIN, encode(request)))


async def renew(address: Address, identity: Identity) -> Identity:
    """The next certificate, by the one in hand. Raises RefusedError."""
    key, csr = new_request("renewed.tulle")
    async with identity.channel(address) as channel:
        return Identity(key, await ask(channel, METHOD_RENEW, encode(RenewRequest(csr=csr))))


async def ask(channel: grpc.aio.Channel, method: str, request: bytes) -> Credentials:
    """One question whose answer is credentials. Raises RefusedError."""
    with refusals():
        answer = await channel.unary_unary(method)(request, timeout=10.0, metadata=OURS)
    return msgspec.json.decode(answer, type=Credentials)


class FakeProxy:
    """Delta ADS of one workload. `run` carries; `until` waits for what it brought."""

    def __init__(
        self,
        identity: Identity,
        verdict: Verdict = accept_all,
        *,
        held: XdsSnapshot | None = None,
    ) -> None:
        self.identity = identity
        self.received: list[ReceivedResponse] = []
        self._client = DeltaClient(str(identity.workload), held or XdsSnapshot())
        self._verdict = verdict
        self._news = asyncio.Condition()

    @property
    def held(self) -> XdsSnapshot:
        """What it accepted."""
        return self._client.accepted

    @property
    def is_complete(self) -> bool:
        """Whether it was told of every type on its latest stream."""
        return self._client.is_complete

    async def until(self, test: Callable[["FakeProxy"], bool]) -> None:
        """Wait until the test holds; it is looked at after every response."""
        async with self._news:
            await self._news.wait_for(lambda: test(self))

    async def run(self, address: Address) -> None:
        """One stream, until the control plane ends it. Raises RefusedError."""
        async with self.identity.channel(address) as channel:
            stream = channel.stream_stream(METHOD_DELTA_ADS)()
            with refusals():
                for request in self._client.open():
                    await stream.write(encode_request(request))
                async for data in stream:
                    await stream.write(encode_request(self._answer(decode_response(data))))
                    async with self._news:
                        self._news.notify_all()

    @asynccontextmanager
    async def connected(self, address: Address) -> AsyncGenerator["FakeProxy"]:
        """Run for as long as the block does."""
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.run(address), name=f"fake {self.identity.workload}")
            try:
                yield self
            finally:
                running.cancel()

    def _answer(self, response: ReceivedResponse) -> Request:
        self.received.append(response)
        self._client.on_response(response)
        refusal = self._verdict(response)
        if refusal is None:
            return self._client.accept(response.type_url)
        return self._client.refuse(response.type_url, refusal)


class FakeSession:
    """The JSON stream of one agent, spoken by hand. Made by `session`."""

    def __init__(self, stream: grpc.aio.StreamStreamCall) -> None:
        self._stream = stream

    async def say(self, frame: FromAgent) -> None:
        """To the control plane. Raises RefusedError if that ended the session before."""
        with refusals():
            await self._stream.write(encode(frame))

    async def say_bytes(self, data: bytes) -> None:
        """What no agent says."""
        await self._stream.write(data)

    async def hear(self) -> FromServer | None:
        """The next frame; None when the control plane ended the session. Raises RefusedError."""
        with refusals():
            data = await self._stream.read()
        if data is grpc.aio.EOF:
            return None
        frame: FromServer = decode_from_server(data)
        return frame

    async def finish(self) -> None:
        """Say nothing more, and wait until the control plane has ended its side."""
        await self._stream.done_writing()
        while await self.hear() is not None:
            pass


@asynccontextmanager
async def session(
    identity: Identity, address: Address, metadata: Sequence[tuple[str, str]] = OURS
) -> AsyncGenerator[FakeSession]:
    """A session for as long as the block lasts; then the connection is cut. The metadata say our version."""
    async with identity.channel(address) as channel:
        stream = channel.stream_stream(METHOD_SESSION)(metadata=metadata)
        try:
            yield FakeSession(stream)
        finally:
            stream.cancel()


@contextmanager
def refusals() -> Generator[None]:
    """Refusals as agents read them; other failures as they are."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        try:
            refused = msgspec.json.decode(error.details() or "", type=Refused)
        except msgspec.MsgspecError:
            raise error from None
        raise RefusedError(error.code(), refused) from error


def _channel(
    address: Address, roots: str, key: bytes | None = None, chain: bytes | None = None
) -> grpc.aio.Channel:
    credentials = grpc.ssl_channel_credentials(roots.encode(), key, chain)
    return grpc.aio.secure_channel(str(address), credentials, options=_OPTIONS)
