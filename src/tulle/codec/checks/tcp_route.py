"""Rules for TCPRoute: those every route has."""

from collections.abc import Iterator

from tulle.codec.checks.gateway_api import check_backends, check_parents, check_rule_name
from tulle.model.kinds.tcp_route import TCPRoute
from tulle.model.problems import Problem


def check(route: TCPRoute) -> Iterator[Problem]:
    """The rules for a TCPRoute."""
    yield from check_parents(route.spec.parent_refs)
    for index, rule in enumerate(route.spec.rules):
        yield from check_rule_name(rule.name, f"spec.rules[{index}]")
        yield from check_backends(rule.backend_refs, f"spec.rules[{index}].backendRefs")
