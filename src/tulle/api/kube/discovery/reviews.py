"""What a caller may do, and who it is: `kubectl auth can-i` and `kubectl auth whoami`. Pure.

Whoever gets through a door administers the mesh, so everything there is may be done. What there is not may not:
a verb or a resource this API does not have is answered with no and the reason.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tulle.api.kube.discovery.documents import Catalogue, Entry

Object = dict[str, object]

AUTHORIZATION, AUTHENTICATION = "authorization.k8s.io", "authentication.k8s.io"
EVERY = "*"

_MADE = ("create",)

REVIEWS: tuple[Entry, ...] = (
    Entry(
        AUTHORIZATION, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "", False, _MADE
    ),
    Entry(
        AUTHORIZATION, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "", False, _MADE
    ),
    Entry(AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews", "", False, _MADE),
)


class ResourceAttributes(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A verb on resources. "" as group is Kubernetes' core, "*" every one."""

    namespace: str = ""
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""


class NonResourceAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """A verb on a path that is no resource's."""

    path: str = ""
    verb: str = ""


class AccessSpec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is asked: one of both."""

    resource_attributes: ResourceAttributes | None = None
    non_resource_attributes: NonResourceAttributes | None = None


class RulesSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is asked for."""

    namespace: str = ""


def access(spec: AccessSpec, catalogue: Catalogue) -> Object:
    """The status of a SelfSubjectAccessReview."""
    if asked := spec.resource_attributes:
        refusal = _refusal(asked, [entry for entries in catalogue.values() for entry in entries])
    elif spec.non_resource_attributes:
        verb = spec.non_resource_attributes.verb
        refusal = (
            "" if verb in {"get", EVERY} else f"paths that are no resource know no {verb[:60]}"
        )
    else:
        refusal = "nothing was asked"
    if refusal:
        return {"allowed": False, "reason": refusal}
    return {"allowed": True, "reason": "whoever gets through a door administers the mesh"}


def rules(catalogue: Catalogue) -> Object:
    """The status of a SelfSubjectRulesReview: everything there is."""
    resource_rules = [
        {"verbs": list(verbs), "apiGroups": [entry.group], "resources": [name]}
        for entries in catalogue.values()
        for entry in entries
        for name, verbs in _named(entry).items()
    ]
    anywhere = [{"verbs": ["get"], "nonResourceURLs": [EVERY]}]
    return {"resourceRules": resource_rules, "nonResourceRules": anywhere, "incomplete": False}


def whoami(name: str, groups: Sequence[str]) -> Object:
    """The status of a SelfSubjectReview."""
    return {"userInfo": {"username": name, "groups": [*groups, "system:authenticated"]}}


def _refusal(asked: ResourceAttributes, entries: Sequence[Entry]) -> str:
    """Why it may not be done, "" if it may."""
    wanted = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    found = [
        verbs
        for entry in entries
        if asked.group in {EVERY, entry.group}
        for name, verbs in _named(entry).items()
        if wanted in {EVERY, name}
    ]
    if not found:
        return f"this API has no {wanted[:120]} in group {asked.group[:120]!r}"
    if asked.verb == EVERY or any(asked.verb in verbs for verbs in found):
        return ""
    return f"{wanted[:120]} cannot be asked to {asked.verb[:60]}"


def _named(entry: Entry) -> Mapping[str, tuple[str, ...]]:
    """The verbs of a resource and of its subresources, by name."""
    below = (entry.subresources or {}).items()
    return {entry.plural: entry.verbs, **{f"{entry.plural}/{name}": verbs for name, verbs in below}}
