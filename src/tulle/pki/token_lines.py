"""The text of a join token, taken apart: what an agent needs of it, without loading what checks certificates.

`tokens.read_token` reads further: whether the roots are roots. An agent is shown by TLS whether they are.
"""

import base64
import binascii

import msgspec

from tulle.model.problems import Problem

MAX_TOKEN_CHARACTERS = 32 * 1024

_PREFIX = "tulle1."
_PEM_LINE = 64


class TokenLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which token it is, its secret, and the mesh's roots (DER)."""

    id: str
    secret: bytes
    roots: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"TokenLine({self.id}, redacted)"

    @property
    def root_pem(self) -> str:
        """Whom the control plane's certificate must come from."""
        return "".join(map(_pem, self.roots))


def write_line(line: TokenLine) -> str:
    """The token as text; a secret."""
    return _PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(line)).decode().rstrip("=")


def read_line(text: str) -> TokenLine | Problem:
    """The token in a line; white space around it does not matter."""
    text = text.strip()
    if len(text) > MAX_TOKEN_CHARACTERS or not text.startswith(_PREFIX):
        return malformed(f"a join token is one line that begins with {_PREFIX}")
    body = text.removeprefix(_PREFIX)
    try:
        padded = body + "=" * (-len(body) % 4)
        decoded = base64.b64decode(padded, altchars=b"-_", validate=True)
        line = msgspec.json.decode(decoded, type=TokenLine)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        # The error's own text is dropped: it may quote half a secret.
        return malformed("the join token is damaged; perhaps it was cut when it was copied")
    if not line.roots or not line.secret:
        return malformed("the join token lacks its secret or its roots")
    return line


def malformed(message: str) -> Problem:
    """A text that is no token."""
    return Problem("", "token-malformed", message, "make a new one with `tulle token create`")


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = (text[start : start + _PEM_LINE] for start in range(0, len(text), _PEM_LINE))
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))
