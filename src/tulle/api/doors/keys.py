"""The administrator's token: what opens the API's TCP doors.

Made at the first start, kept 0600 in the data directory, handed out through the Unix socket alone
(`tulle kubeconfig`). Taking the file away and restarting the server makes another, and the old one worthless.
"""

import hashlib
import hmac
import re
import secrets
from typing import Self

from tulle.store.errors import StoreCorrupt
from tulle.store.keys import KeyFiles

FILE_NAME = "api-token"
PREFIX = "tulle-api-"
"""So that people, and programs that look for leaked secrets, know one when they see it."""

_RANDOM_BYTES = 32
_WORD = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


class AdminToken:
    """Made by `open`."""

    __slots__ = ("_digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._digest = _digest(text)

    @classmethod
    def open(cls, files: KeyFiles) -> Self:
        """The token of the data directory, made if there is none. Raises StoreError."""
        found = files.read(FILE_NAME)
        if found is None:
            text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
            files.write(FILE_NAME, f"{text}\n".encode())
            return cls(text)
        text = found.decode(errors="replace").strip()
        if not _WORD.fullmatch(text):
            path = files.path(FILE_NAME)
            raise StoreCorrupt(
                f"{path} holds no token of the API", "take it away: the next start makes another"
            )
        return cls(text)

    def matches(self, offered: str) -> bool:
        """Whether it is the same, in a time that tells nothing about how much of it is right."""
        return hmac.compare_digest(self._digest, _digest(offered))

    def __repr__(self) -> str:
        return "AdminToken(redacted)"


def _digest(text: str) -> bytes:
    # Digests are of one length whatever is offered, and compare_digest takes no text beyond ASCII.
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
