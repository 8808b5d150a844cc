"""Join tokens: made here, handed over once, kept as a hash."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
from aiohttp import web

from tulle.api.bodies import Message, Request, read, reply
from tulle.api.errors import ProblemsError
from tulle.codec import decode
from tulle.codec.checks.forms import is_dns_label
from tulle.codec.checks.metadata import bad_label
from tulle.model.kinds.workload import Workload
from tulle.model.names import AccountRef
from tulle.model.problems import Problem, Severity
from tulle.pki.tokens import RANDOM_BYTES, check_account, new_token
from tulle.store.contract import Store

DEFAULT_TTL_S = 3600.0
MAX_TTL_S = 30 * 86400.0

Word = Annotated[str, msgspec.Meta(max_length=1024)]
"""What it may be is not for its type to say, but for a sentence."""


class TokenRequest(Request, frozen=True, kw_only=True):
    """Who may join with it, and for how long it may be used. Without `name` the workload is given one."""

    namespace: Word = "default"
    service_account: Word
    labels: Annotated[Mapping[Word, Word], msgspec.Meta(max_length=64)] = {}
    name: Word = ""
    ttl_seconds: float = DEFAULT_TTL_S


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
        if problems := [*_problems_of(account, labels, name), *_problems_of_time(ttl_s)]:
            raise ProblemsError(problems)
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


def _problems_of(account: AccountRef, labels: Mapping[str, str], name: str) -> Iterator[Problem]:
    """Why there can be no such Workload: found out by making one, said of the fields of the request."""
    if problem := check_account(account):
        yield problem
    if name and not is_dns_label(name):
        yield bad_label("name", name)
    workload = {
        "apiVersion": Workload.API_VERSION,
        "kind": Workload.KIND,
        "metadata": {"name": "any", "namespace": account.namespace, "labels": dict(labels)},
        "spec": {"address": "127.0.0.1", "serviceAccountName": account.name},
    }
    for problem in decode.from_objects([workload]).problems:
        if problem.severity is Severity.ERROR:
            yield replace(problem, path=_field(problem.path), resource=None)


def _field(path: str) -> str:
    """The field of the request that became a field of the Workload."""
    if path == "spec.serviceAccountName":
        return "serviceAccount"
    return path.removeprefix("metadata.")


def _problems_of_time(ttl_s: float) -> Iterator[Problem]:
    if not 0 < ttl_s <= MAX_TTL_S:
        message = f"must be more than 0 and at most {MAX_TTL_S / 86400:.0f} days, not {ttl_s:.0f} s"
        yield Problem("ttlSeconds", "out-of-range", message, "make another when it is needed")
