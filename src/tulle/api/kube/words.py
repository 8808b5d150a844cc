"""Kubernetes' sentences for the refusals its clients know by heart. Pure; `problems` beside them say more."""

from collections.abc import Sequence

from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem


def resource_word(key: ResourceKey) -> str:
    """A kind as refusals name it: `services`, `httproutes.gateway.networking.k8s.io`."""
    kind = BY_KIND.get(key.kind)
    if kind is None:
        return key.kind.lower()
    group = kind.API_VERSION.rpartition("/")[0]
    return f"{kind.PLURAL}.{group}" if group else kind.PLURAL


def not_found(key: ResourceKey) -> str:
    """There is none."""
    return f'{resource_word(key)} "{key.name}" not found'


def already_exists(key: ResourceKey) -> str:
    """There is one."""
    return f'{resource_word(key)} "{key.name}" already exists'


def conflict(key: ResourceKey, why: str = "") -> str:
    """It is another one, or at another version, than was meant."""
    reason = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    return f'Operation cannot be fulfilled on {resource_word(key)} "{key.name}": {reason}'


def precondition(what: str, wanted: str, found: str) -> str:
    """Why a precondition does not hold, as the reason of a conflict."""
    return f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"


def invalid(kind: str, name: str, problems: Sequence[Problem]) -> str:
    """What was sent is no such resource, with every reason."""
    said = [f"{one.path}: {one.message}" if one.path else one.message for one in problems]
    reasons = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    return f'{kind} "{name}" is invalid: {reasons}'


def undecodable(kind: str, api_version: str, problems: Sequence[Problem]) -> str:
    """Strict decoding refuses fields nobody knows and fields written twice."""
    version = api_version.rpartition("/")[2]
    said = ", ".join(strictly(one) for one in problems)
    return f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {said}'


def strictly(problem: Problem) -> str:
    """One field that strict decoding refuses."""
    what = "duplicate" if problem.code == "duplicate-key" else "unknown"
    return f'{what} field "{problem.path}"'
