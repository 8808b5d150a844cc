"""Rules all policies share: what they attach to."""

from collections.abc import Iterator, Sequence

from tulle.codec.checks.gateway_api import CORE_GROUPS
from tulle.codec.checks.repeats import repeats
from tulle.model.kinds.mesh import DEFAULT_NAME
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.problems import Problem

_AT = "spec.targetRefs"
_MESH_GROUP = "tulle.dev"


def check_targets(targets: Sequence[PolicyTargetRef], namespace: str) -> Iterator[Problem]:
    """Group and kind agree, names can exist, and nothing is named twice."""
    for index, target in enumerate(targets):
        yield from _target(target, namespace, f"{_AT}[{index}]")
    keys = [(target.kind, target.name, target.section_name) for target in targets]
    for index, first in repeats(keys):
        message = f"names the same target as {_AT}[{first}]"
        yield Problem(f"{_AT}[{index}]", "duplicate-target", message, "remove one of them")


def _target(target: PolicyTargetRef, namespace: str, at: str) -> Iterator[Problem]:
    groups = {_MESH_GROUP} if target.kind == "Mesh" else CORE_GROUPS
    if target.group not in groups:
        wanted = _MESH_GROUP if target.kind == "Mesh" else '""'
        message = f"the kind {target.kind} is of the group {wanted}, not {target.group!r}"
        yield Problem(f"{at}.group", "conflict", message, f"write group: {wanted}")
    if target.section_name and target.kind != "Service":
        message = f"only a Service has ports to choose from, a {target.kind} has none"
        yield Problem(f"{at}.sectionName", "conflict", message, "remove it")
    if target.kind == "Namespace" and target.name != namespace:
        message = f"a policy covers its own namespace, {namespace}, no other"
        hint = f"write it into the namespace {target.name}"
        yield Problem(f"{at}.name", "other-namespace", message, hint)
    if target.kind == "Mesh" and target.name != DEFAULT_NAME:
        message = f"there is one Mesh, named {DEFAULT_NAME}"
        yield Problem(f"{at}.name", "bad-name", message)
