"""The file of a backup: a head anybody may read, a body that is sealed where there is a passphrase, a checksum.

    TULLE BACKUP
    {"format": 1, …}        the head, one line of JSON
    …                       the body: msgpack of `Contents`, deflated; sealed with AES-256-GCM over head and body
    32 bytes                SHA-256 of everything before

The key of the seal comes from the passphrase by scrypt, whoever keeps the file cannot try passphrases fast. The
head is sealed in as associated data: with the passphrase, nobody can have changed it either. Without one there
are no keys in it; what the store holds (Secrets too) is then as open as the file.
"""

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tulle.store.errors import (
    BackupDamaged,
    BackupTooNew,
    PassphraseNeeded,
    PassphraseWrong,
)

FORMAT = 1
MAGIC = b"TULLE BACKUP\n"
MOST_BYTES = 1024 * 1024 * 1024
"""Of a body taken apart: a file made to fill our memory does not."""

_MOST_HEAD = 64 * 1024
_DIGEST = 32
_NONCE = 12
_MOST_N, _MOST_R, _MOST_P = 2**20, 16, 4


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """How a passphrase becomes a key: scrypt (RFC 7914) with these costs. The defaults take 128 MB and half a second."""

    salt: bytes
    n: int = 2**17
    r: int = 8
    p: int = 1

    @classmethod
    def new(cls, n: int = 2**17) -> "Lock":
        """With a salt of its own."""
        return cls(salt=secrets.token_bytes(16), n=n)

    def key(self, passphrase: str) -> bytes:
        """The key a passphrase gives. Raises BackupDamaged if the costs are none of ours."""
        if not (1 < self.n <= _MOST_N and 0 < self.r <= _MOST_R and 0 < self.p <= _MOST_P):
            raise BackupDamaged("the backup asks for absurd costs", _FETCH)
        room = 256 * self.r * (self.n + self.p) + 2**20
        costs = {"n": self.n, "r": self.r, "p": self.p}
        try:
            return hashlib.scrypt(
                passphrase.encode(), salt=self.salt, maxmem=room, dklen=32, **costs
            )
        except ValueError as error:
            raise BackupDamaged(
                f"the backup asks for costs scrypt has not: {error}", _FETCH
            ) from error


class Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be told without the passphrase. Later formats may say more."""

    format: int = FORMAT
    tulle: str
    """Which version wrote it."""
    created_at: str
    revision: int
    trust_domain: str = ""
    keys: tuple[str, ...] = ()
    """The names of the key files in it."""
    lock: Lock | None = None
    nonce: bytes = b""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is backed up: the store as a database file, and the key files beside it by name."""

    image: bytes = field(repr=False)
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class _Body(msgspec.Struct, frozen=True):
    image: bytes
    keys: dict[str, bytes]


def pack(contents: Contents, head: Head, key: bytes | None) -> bytes:
    """A backup as a file. Keys are only ever packed under a key (see `Lock.key`)."""
    if contents.keys and (key is None or head.lock is None):
        raise PassphraseNeeded("keys are backed up under a passphrase only", _GIVE)
    body = zlib.compress(
        msgspec.msgpack.encode(_Body(contents.image, dict(contents.keys))), level=6
    )
    nonce = secrets.token_bytes(_NONCE) if key else b""
    head = msgspec.structs.replace(head, keys=tuple(sorted(contents.keys)), nonce=nonce)
    begin = MAGIC + msgspec.json.encode(head) + b"\n"
    whole = begin + (AESGCM(key).encrypt(nonce, body, begin) if key else body)
    return whole + hashlib.sha256(whole).digest()


def read_head(data: bytes) -> Head:
    """What a backup says of itself, its checksum tested. Raises BackupDamaged or BackupTooNew."""
    head, _, _ = _split(data)
    return head


def unpack(data: bytes, passphrase: str | None) -> Contents:
    """What is in a backup. Raises a BackupError if it is damaged, or not opened by this passphrase."""
    head, begin, body = _split(data)
    if head.lock is not None:
        if passphrase is None:
            raise PassphraseNeeded("the backup is sealed with a passphrase", _GIVE)
        try:
            body = AESGCM(head.lock.key(passphrase)).decrypt(head.nonce, body, begin)
        except (InvalidTag, ValueError) as error:
            raise PassphraseWrong(
                "the passphrase does not open this backup",
                "the file is whole (its checksum fits), so it is another passphrase",
            ) from error
    found = _decode(_inflate(body))
    return Contents(found.image, found.keys)


def _split(data: bytes) -> tuple[Head, bytes, bytes]:
    """Head, the bytes it takes, and the body."""
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + _MOST_HEAD)
    if not data.startswith(MAGIC) or end < 0:
        raise BackupDamaged("this is no backup of Tulle, or its beginning is damaged", _FETCH)
    whole, digest = data[:-_DIGEST], data[-_DIGEST:]
    if not hmac.compare_digest(hashlib.sha256(whole).digest(), digest):
        raise BackupDamaged("the backup is damaged: its checksum does not fit", _FETCH)
    try:
        head = msgspec.json.decode(data[len(MAGIC) : end], type=Head)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(f"the head of the backup cannot be read: {error}", _FETCH) from error
    if head.format > FORMAT:
        raise BackupTooNew(
            f"the backup was written by a newer Tulle ({head.tulle}, format {head.format})",
            "upgrade Tulle here first",
        )
    return head, data[: end + 1], whole[end + 1 :]


def _inflate(body: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise BackupDamaged("the body of the backup cannot be read", _FETCH) from error
    if not stream.eof:
        raise BackupDamaged("the body of the backup is cut off, or too large", _FETCH)
    return found


def _decode(data: bytes) -> _Body:
    try:
        return msgspec.msgpack.decode(data, type=_Body)
    except msgspec.MsgspecError as error:
        raise BackupDamaged("the body of the backup cannot be read", _FETCH) from error


_FETCH = "use another copy, or an earlier backup"
_GIVE = "give it in a file of yours alone: --passphrase-file FILE"
