"""Takes secrets out of what goes into a report. Pure.

Two ways, one behind the other: what looks like a secret (tokens, private keys, values under telling names) goes
wherever it stands; and secrets that are known go by their text, in all the forms they are written in.
"""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

from tulle.ops.logs import REDACTED, redact

SHORTEST = 6
"""Characters of a known secret that is looked for: shorter ones would take everything else with them."""

_NAME = r"[\w.-]*(?:token|secret|passw(?:or)?d|passphrase|api_?key|private_?key|credential|authorization|cookie)[\w.-]*"

_ASSIGNED = re.compile(
    # NAME=value, NAME: value, "name": "value"
    rf"""(?P<name>["']?\b{_NAME}["']?\s*[=:]\s*)(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'{{}}\[\]]+)""",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_API_TOKEN = re.compile(r"tulle-api-[\w-]+")

_HARMLESS = re.compile(
    r"^(?:[\"']?)(?:true|false|null|none|\d{1,9}|\(redacted\)|\[redacted\])?(?:[\"']?)$",
    re.IGNORECASE,
)
"""Values that tell nothing, whatever they are called: numbers of tokens, `secrets: []`."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes out what it knows, and what looks like a secret."""

    known: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[bytes]) -> Self:
        """One that knows these, as they are and in the forms they are written in."""
        found = {form for secret in secrets for form in _forms(secret)}
        # The longest first: what stands within another must not leave its ends behind.
        return cls(
            tuple(sorted((f for f in found if len(f) >= SHORTEST), key=lambda f: (-len(f), f)))
        )

    def text(self, text: str) -> str:
        """A text without secrets."""
        # Shapes first: what is known may be a part of one, and without it the rest would not be recognised.
        text = _API_TOKEN.sub(REDACTED, redact(text))
        for secret in self.known:
            text = text.replace(secret, REDACTED)
        text = _IN_URL.sub(REDACTED, text)
        return _ASSIGNED.sub(_without_value, text)


def _forms(secret: bytes) -> Iterable[str]:
    """A secret as text, and as JSON, base64 and URLs have it."""
    yield base64.b64encode(secret).decode()
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    try:
        text = secret.decode().strip()
    except UnicodeDecodeError:
        return
    yield text
    yield json.dumps(text)[1:-1]
    yield quote(text, safe="")
    # A key or a file of many lines: logs quote them one by one.
    lines = (line.strip() for line in text.splitlines())
    yield from (line for line in lines if len(line) >= 2 * SHORTEST and not line.startswith("--"))


def _without_value(found: re.Match[str]) -> str:
    value = found["value"]
    if _HARMLESS.match(value):
        return found[0]
    quote_mark = value[0] if value[0] in "\"'" else ""
    return f"{found['name']}{quote_mark}{REDACTED}{quote_mark}"
