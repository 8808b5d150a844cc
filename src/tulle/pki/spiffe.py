"""SPIFFE IDs read strictly: what a certificate says is believed only in exactly our form.

`model.names` writes the IDs; this file is the way back. It knows no certificates: `peers` does.
"""

import re
from dataclasses import dataclass

from tulle.model.names import AccountRef, SpiffeId, account_of, spiffe_id, trust_domain_of
from tulle.model.problems import Problem

CONTROL_PLANE = AccountRef("tulle-system", "control-plane")
"""The account of the control plane itself; no token is ever made for its namespace."""

_MAX_LENGTH = 2048
_TRUST_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9._]{0,253}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Identity:
    """A SPIFFE ID, taken apart."""

    trust_domain: str
    account: AccountRef

    @property
    def spiffe_id(self) -> SpiffeId:
        """The text form."""
        return spiffe_id(self.trust_domain, self.account)


def read_identity(text: str) -> Identity | Problem:
    """The identity in a SPIFFE ID of our form; anything else, however close, is a problem."""
    account = account_of(text) if len(text) <= _MAX_LENGTH else None
    if account is None or not _well_formed(text, account):
        return Problem(
            "",
            "spiffe-id-malformed",
            f"{text[:200]!r} is no SPIFFE ID of this mesh",
            "it must read spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT",
        )
    return Identity(trust_domain_of(text), account)


def is_trust_domain(text: str) -> bool:
    """Whether the text can stand as a trust domain."""
    return _TRUST_DOMAIN.fullmatch(text) is not None


def _well_formed(text: str, account: AccountRef) -> bool:
    names = (account.namespace, account.name)
    return is_trust_domain(trust_domain_of(text)) and all(_NAME.fullmatch(name) for name in names)
