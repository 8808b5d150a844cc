"""Conditions as data: the types and reasons we write, and the rule that a status changes only when it must."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from tulle.model.resources import Condition


class ConditionType(StrEnum):
    """What a condition speaks about."""

    ACCEPTED = "Accepted"
    RESOLVED_REFS = "ResolvedRefs"
    PROGRAMMED = "Programmed"
    READY = "Ready"
    DRAINING = "Draining"
    PROXY_CURRENT = "ProxyCurrent"


class Reason(StrEnum):
    """Why a condition is as it is; Gateway API's words where it has them."""

    ACCEPTED = "Accepted"
    RESOLVED_REFS = "ResolvedRefs"
    NO_MATCHING_PARENT = "NoMatchingParent"
    NOT_ALLOWED = "NotAllowedByListeners"
    UNSUPPORTED_VALUE = "UnsupportedValue"
    BACKEND_NOT_FOUND = "BackendNotFound"
    INVALID_KIND = "InvalidKind"
    UNSUPPORTED_PROTOCOL = "UnsupportedProtocol"
    INVALID_CA_CERTIFICATE_REF = "InvalidCACertificateRef"
    CONFLICTED = "Conflicted"
    INVALID = "Invalid"
    TARGET_NOT_FOUND = "TargetNotFound"
    PROGRAMMED = "Programmed"
    PENDING = "Pending"
    REFUSED_BY_PROXY = "RefusedByProxy"
    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    STARTING = "Starting"
    DRAINING = "Draining"
    AGENT_LOST = "AgentLost"
    REPLACED = "Replaced"
    NOT_REPLACED = "NotReplaced"


def condition_of(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of a type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def with_condition(
    conditions: Sequence[Condition], new: Condition, now: str
) -> tuple[Condition, ...]:
    """All conditions with one of them replaced or added; its transition time moves only with its status."""
    others = tuple(condition for condition in conditions if condition.type != new.type)
    old = condition_of(conditions, new.type)
    return tuple(sorted((*others, _with_time(new, old, now)), key=lambda condition: condition.type))


def merge_conditions(
    old: Iterable[Condition], new: Iterable[Condition], now: str
) -> tuple[Condition, ...]:
    """`new`, keeping the transition time of every condition whose status did not change."""
    before = {condition.type: condition for condition in old}
    return tuple(_with_time(condition, before.get(condition.type), now) for condition in new)


def _with_time(new: Condition, old: Condition | None, now: str) -> Condition:
    unchanged = old is not None and old.status == new.status
    time = old.last_transition_time if old is not None and unchanged else now
    return Condition(
        type=new.type,
        status=new.status,
        reason=new.reason,
        message=new.message,
        observed_generation=new.observed_generation,
        last_transition_time=time,
    )
