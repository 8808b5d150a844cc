"""Join tokens: made here, handed over once, kept as a hash."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from tulle.api.bodies import Message, Request, read, reply
from tulle.api.errors import ProblemsError
from tulle.model.names import AccountRef
from tulle.model.resources import Label, Name
from tulle.pki.tokens import RANDOM_BYTES, check_account, new_token
from tulle.store.contract import Store

DEFAULT_TTL_S = 3600.0
MAX_TTL_S = 30 * 86400.0


WorkloadName = Annotated[
    str, msgspec.Meta(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", max_length=63)
]


class TokenRequest(Request, frozen=True, kw_only=True):
    """Who may join with it, and for how long it may be used. Without `name` the workload is given one."""

    namespace: Name = "default"
    service_account: Name
    labels: Annotated[Mapping[str, Label], msgspec.Meta(max_length=64)] = {}
    name: WorkloadName = ""
    ttl_seconds: Annotated[float, msgspec.Meta(gt=0, le=MAX_TTL_S)] = DEFAULT_TTL_S


class NewToken(Message, frozen=True, kw_only=True):
    """The token: a secret, shown this once."""

    token: str

    def __repr__(self) -> str:
        return "NewToken(redacted)"


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes tokens. `roots` gives the PEM text agents get to know the mesh by; `clock` Unix seconds."""

    store: Store
    roots: Callable[[], str]
    clock: Callable[[], float]

    async def new(
        self,
        account: AccountRef,
        labels: Mapping[str, str],
        ttl_s: float = DEFAULT_TTL_S,
        *,
        name: str = "",
    ) -> str:
        """A token for one workload of the account, with these labels; raises ProblemsError if there is none."""
        if problem := check_account(account):
            raise ProblemsError([problem])
        random = secrets.token_bytes(RANDOM_BYTES)
        expires_at = self.clock() + ttl_s
        text, record = new_token(random, self.roots(), account, labels, expires_at, name=name)
        await self.store.save_token(record)
        return text

    async def handle(self, request: web.Request) -> web.Response:
        """`POST /tulle/v1/tokens`."""
        body = await read(request, TokenRequest)
        account = AccountRef(body.namespace, body.service_account)
        text = await self.new(account, body.labels, body.ttl_seconds, name=body.name)
        return reply(NewToken(token=text))
