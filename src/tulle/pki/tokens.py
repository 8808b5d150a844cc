"""Join tokens: one line of text that lets one workload in, once, as the account its maker chose.

The line also carries the mesh's roots, so that the agent knows the control plane before it says anything
secret. The control plane keeps a hash only; who reads its store cannot join.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import constant_time, hashes

from tulle.model.names import AccountRef
from tulle.model.problems import Problem
from tulle.pki import bundles
from tulle.pki.bundles import Bundle
from tulle.pki.spiffe import CONTROL_PLANE
from tulle.pki.token_lines import TokenLine, malformed, read_line, write_line

RANDOM_BYTES = 40
"""How much randomness a token is made of: 8 bytes of id, 32 of secret."""

_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What the control plane remembers of a token. `expires_at` is in Unix seconds, the hash in hexadecimal.

    `name` is what the workload will be called; "" lets the control plane choose.
    """

    id: str
    secret_hash: str = field(repr=False)
    namespace: str
    service_account: str
    labels: Mapping[str, str]
    expires_at: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """What is in a line whose roots are roots."""

    id: str
    secret: bytes = field(repr=False)
    roots: Bundle = field(repr=False)

    @property
    def root_pem(self) -> str:
        """Whom the control plane's certificate must come from."""
        return self.roots.pem

    @property
    def secret_hash(self) -> str:
        """What the store compares."""
        return hash_secret(self.secret)


def new_token(
    random: bytes,
    root_pem: str,
    account: AccountRef,
    labels: Mapping[str, str],
    expires_at: float,
    *,
    name: str = "",
) -> tuple[str, TokenRecord]:
    """The line to hand over (a secret), and the record to keep.

    `random` is `RANDOM_BYTES` from a cryptographic source; `root_pem` one or more roots.
    """
    roots = bundles.parse(root_pem)
    if len(random) != RANDOM_BYTES or isinstance(roots, Problem):
        raise ValueError(f"a token needs {RANDOM_BYTES} random bytes and a root")
    token_id, secret = random[:_ID_BYTES].hex(), random[_ID_BYTES:]
    line = TokenLine(token_id, secret, tuple(bundles.to_der(root) for root in roots.roots))
    return write_line(line), TokenRecord(
        id=token_id,
        secret_hash=hash_secret(secret),
        namespace=account.namespace,
        service_account=account.name,
        labels=MappingProxyType(dict(labels)),
        expires_at=expires_at,
        name=name,
    )


def read_token(text: str) -> Token | Problem:
    """The token in a line; white space around it does not matter."""
    line = read_line(text)
    if isinstance(line, Problem):
        return line
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in line.roots]
    except ValueError:
        return malformed("the join token is damaged; perhaps it was cut when it was copied")
    if not all(map(bundles.is_root, certificates)):
        return malformed("the join token lacks its secret or its roots")
    return Token(line.id, line.secret, bundles.merge(Bundle(tuple(certificates))))


def hash_secret(secret: bytes) -> str:
    """SHA-256, in hexadecimal. The secret is 256 random bits, so nothing slower is needed."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(secret)
    return digest.finalize().hex()


def same_hash(one: str, other: str) -> bool:
    """Equality that takes as long for a near miss as for a far one."""
    return constant_time.bytes_eq(one.encode(), other.encode())


def check_account(account: AccountRef) -> Problem | None:
    """Why no token may be made for an account: the control plane's own namespace belongs to itself."""
    if account.namespace != CONTROL_PLANE.namespace:
        return None
    return Problem(
        "namespace",
        "token-for-control-plane",
        f"no workload joins namespace {account.namespace}: the control plane lives there",
        "choose another namespace",
    )


def check_claims(
    record: TokenRecord, account: AccountRef, labels: Mapping[str, str]
) -> Problem | None:
    """Why a token does not let its bearer in as what it claims to be.

    Labels may be left out, never added or changed: a workload gets the labels of its token.
    """
    if account != AccountRef(record.namespace, record.service_account):
        granted = f"{record.namespace}/{record.service_account}"
        return _mismatch("serviceAccount", f"it is for {granted}, not for {account}")
    for name, value in sorted(labels.items()):
        if record.labels.get(name) != value:
            return _mismatch(f"labels.{name}", f"it does not grant the label {name}={value}")
    return None


def _mismatch(path: str, why: str) -> Problem:
    return Problem(
        path,
        "token-mismatch",
        f"the join token does not fit: {why}",
        "make one with `tulle token create --namespace … --service-account … --label …`",
    )
