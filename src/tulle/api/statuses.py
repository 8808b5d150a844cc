"""Kubernetes' Status: what an answer is where there is no resource to give. Pure.

Reasons and the reasons of causes are Kubernetes' own words, which its clients act upon; `problems` are ours and
say more.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

import msgspec

from tulle.model.kinds import BY_KIND
from tulle.model.problems import Problem

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}

_CAUSES = {
    "bad-value": "FieldValueNotSupported",
    "missing-field": "FieldValueRequired",
    "not-supported": "FieldValueForbidden",
    "out-of-range": "FieldValueInvalid",
    "too-many": "FieldValueTooMany",
    "wrong-type": "FieldValueTypeInvalid",
}


class WireProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem in an answer; `resource` and `place` as their texts."""

    message: str
    code: str
    path: str = ""
    hint: str = ""
    resource: str = ""
    place: str = ""
    severity: str = "error"


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field and what is wrong with it."""

    reason: str
    message: str
    field: str = ""


class Details(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What an answer is about. `kind` is a kind's name for 422 and its plural otherwise, as Kubernetes has it."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: int = 0


class Status(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The answer itself."""

    kind: str = "Status"
    api_version: str = "v1"
    metadata: dict[str, str] = {}
    status: str = "Failure"
    message: str
    reason: str
    details: Details | None = None
    code: int
    problems: tuple[WireProblem, ...] = ()


def failure(code: int, message: str, problems: Iterable[Problem] = (), reason: str = "") -> Status:
    """The Status of a request that failed; `reason` where the code's own is not the right one."""
    found = tuple(problems)
    return Status(
        message=message,
        reason=reason or _REASONS.get(code) or HTTPStatus(code).phrase.replace(" ", ""),
        code=code,
        details=details_of(code, found),
        problems=tuple(map(to_wire, found)),
    )


def details_of(code: int, problems: Sequence[Problem]) -> Details | None:
    """What problems are about: the resource of the first, and as causes every field if a body was refused."""
    causes = tuple(map(_cause, problems)) if code == 422 else ()
    key = next((problem.resource for problem in problems if problem.resource), None)
    kind = BY_KIND.get(key.kind) if key else None
    if key is None or kind is None:
        return Details(causes=causes) if causes else None
    group = kind.API_VERSION.rpartition("/")[0]
    word = kind.KIND if code == 422 else kind.PLURAL
    return Details(name=key.name, group=group, kind=word, causes=causes)


def to_wire(problem: Problem) -> WireProblem:
    """A problem as answers carry it."""
    return WireProblem(
        message=problem.message,
        code=problem.code,
        path=problem.path,
        hint=problem.hint,
        resource=str(problem.resource or ""),
        place=str(problem.place or ""),
        severity=problem.severity.value,
    )


def _cause(problem: Problem) -> Cause:
    way_out = f"; {problem.hint}" if problem.hint else ""
    if problem.code.startswith("duplicate-"):
        reason = "FieldValueDuplicate"
    elif problem.code.endswith("-not-found"):
        reason = "FieldValueNotFound"
    else:
        reason = _CAUSES.get(problem.code, "FieldValueInvalid")
    return Cause(reason, f"{problem.message} [{problem.code}]{way_out}", problem.path)
