"""Refusals as HTTP answers, in the shape of Kubernetes' Status with our problems beside it.

    ApiError             a request we refuse, with its HTTP status
    └── ProblemsError    422: everything wrong with what was sent
    SocketError          the API cannot listen where it should: the server does not start

Errors of the store become 404, 409, 503; what nobody foresaw becomes 500 and is logged, never shown.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus

import msgspec
from aiohttp import web

from tulle.model.problems import Problem
from tulle.store.errors import ConflictError, InvalidChange, NotFound, StoreError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REASONS = {
    400: "BadRequest",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class ApiError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        self.status = status
        self.problems: tuple[Problem, ...] = (Problem("", code, message, hint),)
        super().__init__(message)


class ProblemsError(ApiError):
    """What was sent cannot be taken; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        super().__init__(422, found[0].code, f"{found[0]}{more}")
        self.problems = found


class SocketError(Exception):
    """Why the API has no socket, as a `problem` for people."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        self.problem = Problem("--api-socket", code, message, hint)
        super().__init__(str(self.problem))


class WireProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem in an answer; `resource` and `place` as their texts."""

    message: str
    code: str
    path: str = ""
    hint: str = ""
    resource: str = ""
    place: str = ""
    severity: str = "error"


class Status(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Kubernetes' answer where there is no resource to give."""

    kind: str = "Status"
    api_version: str = "v1"
    status: str = "Failure"
    message: str
    reason: str
    code: int
    problems: tuple[WireProblem, ...] = ()


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


@web.middleware
async def translate_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with a Status."""
    try:
        return await handler(request)
    except ApiError as error:
        return answer(error.status, str(error), error.problems)
    except StoreError as error:
        return answer(_status_of(error), error.message, (error.problem,))
    except web.HTTPException as error:
        return answer(error.status, error.text or error.reason)
    except Exception:
        log.exception("a request failed", extra={"path": request.path})
        return answer(500, "the server failed to answer; its log says why")


def answer(status: int, message: str, problems: Iterable[Problem] = ()) -> web.Response:
    """A Status as a response."""
    body = Status(
        message=message,
        reason=_REASONS.get(status, HTTPStatus(status).phrase.replace(" ", "")),
        code=status,
        problems=tuple(map(to_wire, problems)),
    )
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json"
    )


def _status_of(error: StoreError) -> int:
    match error:
        case NotFound():
            return 404
        case ConflictError():
            return 409
        case InvalidChange():
            return 422
        case _:
            return 503
