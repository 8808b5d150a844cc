"""What the server's own endpoints (`/tulle/v1/...`) answer, as values."""

import msgspec

from tulle.cli.client import WireProblem


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An answer; fields this version does not know are passed over, so that newer servers can say more."""


class Outcome(Answer, frozen=True, kw_only=True):
    """What happened to one resource: `created`, `configured`, `unchanged` or `deleted`."""

    key: str
    action: str


class Applied(Answer, frozen=True, kw_only=True):
    """What a change did, and the revision after it."""

    revision: int = 0
    results: tuple[Outcome, ...] = ()
    warnings: tuple[WireProblem, ...] = ()


class Refusal(Answer, frozen=True, kw_only=True):
    """A resource an Envoy refused, and what it said."""

    proxy: str = ""
    resource: str = ""
    detail: str = ""


class Replaced(Answer, frozen=True, kw_only=True):
    """A proxy that has a new Envoy, and the version of that."""

    proxy: str
    version: str


class Settled(Answer, frozen=True, kw_only=True):
    """Whether every affected proxy has a revision; those that have not, and those that refused."""

    settled: bool
    pending: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()


class Proxy(Answer, frozen=True, kw_only=True):
    """A proxy as the server sees it. `certificate_not_after` is in Unix seconds."""

    name: str
    account: str = ""
    connected: bool = False
    in_sync: bool = False
    revision: int = 0
    refused: tuple[Refusal, ...] = ()
    problems: tuple[str, ...] = ()
    version: str = ""
    certificate_not_after: float | None = None


class Proxies(Answer, frozen=True, kw_only=True):
    """All of them."""

    proxies: tuple[Proxy, ...] = ()


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """Traffic from one workload to one service, counted by the caller's proxy. `mtls` was observed; None: not yet."""

    source: str = msgspec.field(name="from")
    to: str
    protocol: str
    requests: int
    connections: int
    failures: int
    p50_ms: float | None
    p99_ms: float | None
    mtls: bool | None


class Edges(Answer, frozen=True, kw_only=True):
    """All of them."""

    edges: tuple[Edge, ...] = ()


class CheckResult(Answer, frozen=True, kw_only=True):
    """One thing looked at: `ok`, `warn` or `fail`."""

    name: str
    status: str
    message: str = ""
    hint: str = ""


class Checks(Answer, frozen=True, kw_only=True):
    """All of them."""

    checks: tuple[CheckResult, ...] = ()


class NewToken(Answer, frozen=True, kw_only=True):
    """A join token: a secret."""

    token: str

    def __repr__(self) -> str:
        return "NewToken(redacted)"


class LogLevels(Answer, frozen=True, kw_only=True):
    """All levels, by logger."""

    levels: dict[str, str] = {}


class ServerVersion(Answer, frozen=True, kw_only=True):
    """Which version answers."""

    version: str
