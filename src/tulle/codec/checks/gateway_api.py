"""Rules all routes of Gateway API v1.6 share: parents, backends, names of rules."""

from collections.abc import Iterator, Sequence

from tulle.codec.checks.forms import is_dns_label, is_dns_name
from tulle.codec.checks.metadata import bad_label
from tulle.codec.checks.repeats import repeats
from tulle.model.kinds.gateway_api import GROUP, BackendRef, ParentRef
from tulle.model.problems import Problem, Severity

CORE_GROUPS = frozenset({"", "core"})
"""How Kubernetes' own group is written; the second spelling is one of the mesh documents."""


def check_parents(parents: Sequence[ParentRef]) -> Iterator[Problem]:
    """References to parents are well formed and different; one that is no Service does nothing in a mesh."""
    at = "spec.parentRefs"
    if not parents:
        message = "attaches to nothing, so it does nothing"
        hint = 'name a Service: {group: "", kind: Service, name: NAME}'
        yield Problem(at, "no-parent", message, hint, severity=Severity.WARNING)
    for index, parent in enumerate(parents):
        yield from _parent(parent, f"{at}[{index}]")
    whole = [(ref.group, ref.kind, ref.namespace, ref.name) for ref in parents]
    exact = [(*key, ref.section_name, ref.port) for key, ref in zip(whole, parents, strict=True)]
    for index, first in repeats(exact):
        message = f"names the same parent as {at}[{first}]"
        yield Problem(f"{at}[{index}]", "duplicate-parent", message, "remove one of them")
    for index, first in repeats(whole):
        if exact[index] != exact[first] and "" in {
            _section(parents[index]),
            _section(parents[first]),
        }:
            message = f"names all of the same parent as {at}[{first}] and only a part of it"
            hint = "give both a sectionName or a port"
            yield Problem(f"{at}[{index}]", "duplicate-parent", message, hint)


def _section(parent: ParentRef) -> str:
    return f"{parent.section_name}{parent.port or ''}"


def _parent(parent: ParentRef, at: str) -> Iterator[Problem]:
    yield from _namespace(parent.namespace, at)
    if parent.section_name and not is_dns_name(parent.section_name):
        message = f"must be the name of a port, not {parent.section_name!r}"
        yield Problem(f"{at}.sectionName", "bad-name", message)
    if parent.kind == "Service" and parent.group in CORE_GROUPS:
        return
    if parent.kind == "Service":
        message = f"there is no Service in the group {parent.group}: the route attaches to nothing"
        hint = 'write group: ""'
    elif parent.kind == "Gateway" and parent.group == GROUP:
        message = "names a Gateway (the default), which Tulle does not run yet"
        hint = 'for traffic inside the mesh write group: "" and kind: Service'
    else:
        message = f"a {parent.kind} cannot be the parent of a route here"
        hint = 'write group: "" and kind: Service'
    yield Problem(at, "unknown-parent", message, hint, severity=Severity.WARNING)


def check_backends(backends: Sequence[BackendRef], at: str) -> Iterator[Problem]:
    """A Service is named with its port; somebody must get the traffic."""
    for index, backend in enumerate(backends):
        path = f"{at}[{index}]"
        yield from _namespace(backend.namespace, path)
        if backend.kind == "Service" and backend.group in CORE_GROUPS and backend.port is None:
            yield Problem(f"{path}.port", "missing-field", "is required for a Service")
    if backends and not any(backend.weight for backend in backends):
        yield Problem(
            at,
            "weights-all-zero",
            "no backend gets any traffic: it is refused",
            "give one of them a weight",
            severity=Severity.WARNING,
        )


def check_rule_name(name: str, at: str) -> Iterator[Problem]:
    """Names of rules are DNS names, as Gateway API asks."""
    if name and not is_dns_name(name):
        message = f"must be lower-case letters, digits, '-' and '.', not {name!r}"
        yield Problem(f"{at}.name", "bad-name", message)


def _namespace(namespace: str, at: str) -> Iterator[Problem]:
    if namespace and not is_dns_label(namespace):
        yield bad_label(f"{at}.namespace", namespace)
