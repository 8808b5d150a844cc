"""Rules for TlsPolicy: those every policy has."""

from collections.abc import Iterator

from tulle.codec.checks.policies import check_targets
from tulle.model.kinds.tls_policy import TlsPolicy
from tulle.model.problems import Problem


def check(policy: TlsPolicy) -> Iterator[Problem]:
    """The rules for a TlsPolicy."""
    yield from check_targets(policy.spec.target_refs, policy.metadata.namespace)
