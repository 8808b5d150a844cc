"""Rules for AccessPolicy: a mistake in a caller's name must never let somebody in or lock all out unseen."""

from collections.abc import Iterator

from tulle.codec.checks.forms import is_dns_label, is_dns_name
from tulle.codec.checks.policies import check_targets
from tulle.codec.checks.repeats import repeats
from tulle.model.kinds.access_policy import AccessPolicy, AccessRule, Operation, Source
from tulle.model.names import account_of
from tulle.model.problems import Problem


def check(policy: AccessPolicy) -> Iterator[Problem]:
    """The rules for an AccessPolicy."""
    yield from check_targets(policy.spec.target_refs, policy.metadata.namespace)
    for index, rule in enumerate(policy.spec.rules):
        yield from _rule(rule, f"spec.rules[{index}]")


def _rule(rule: AccessRule, at: str) -> Iterator[Problem]:
    for index, source in enumerate(rule.from_):
        yield from _source(source, f"{at}.from[{index}]")
    for index, operation in enumerate(rule.to):
        yield from _operation(operation, f"{at}.to[{index}].ports")


def _source(source: Source, at: str) -> Iterator[Problem]:
    if not source.service_accounts and not source.namespaces:
        hint = "name serviceAccounts or namespaces; a rule without `from` lets every identity in"
        yield Problem(at, "missing-field", "names no caller", hint)
    for index, account in enumerate(source.service_accounts):
        yield from _account(account, f"{at}.serviceAccounts[{index}]")
    for index, namespace in enumerate(source.namespaces):
        if not is_dns_label(namespace):
            message = f"must be the name of a namespace, not {namespace!r}"
            yield Problem(
                f"{at}.namespaces[{index}]", "bad-name", message, _wildcard_hint(namespace)
            )


def _account(text: str, at: str) -> Iterator[Problem]:
    namespace, slash, name = text.rpartition("/")
    if is_dns_name(name) and (not slash or is_dns_label(namespace)):
        return
    message = f"must be NAME or NAMESPACE/NAME of a ServiceAccount, not {text!r}"
    hint = _wildcard_hint(text)
    if account := account_of(text):
        hint = f"write {account}"
    yield Problem(at, "bad-name", message, hint)


def _wildcard_hint(text: str) -> str:
    if "*" not in text:
        return ""
    return "there are no wildcards: leave out `from` for every identity, or name namespaces"


def _operation(operation: Operation, at: str) -> Iterator[Problem]:
    for index, first in repeats(operation.ports):
        message = f"port {operation.ports[index]} is listed twice, first as {at}[{first}]"
        yield Problem(f"{at}[{index}]", "duplicate-port", message, "remove one of them")
    for index, port in enumerate(operation.ports):
        if isinstance(port, str) and port.isdigit():
            hint = "write it without quotes"
            yield Problem(f"{at}[{index}]", "bad-name", f"{port!r} is a number, not a name", hint)
