"""Refusals as HTTP answers, in the shape of Kubernetes' Status with our problems beside it.

    ApiError             a request we refuse, with its HTTP status
    └── ProblemsError    422: everything wrong with what was sent
    SocketError          the API cannot listen where it should: the server does not start

Errors of the store become 404, 409, 410, 503, 507; what nobody foresaw becomes 500 and is logged, never shown.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from aiohttp import web

from tulle.api.kube import words
from tulle.api.statuses import Status, failure
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.store.errors import (
    AlreadyExists,
    BackupError,
    Compacted,
    ConflictError,
    InvalidChange,
    NotFound,
    StoreError,
    StoreFull,
)

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that is refused."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        resource: ResourceKey | None = None,
    ) -> None:
        self.status = status
        self.problems: tuple[Problem, ...] = (Problem("", code, message, hint, resource),)
        super().__init__(message)

    def to_status(self) -> Status:
        """As it is answered."""
        return failure(self.status, str(self), self.problems)


class ProblemsError(ApiError):
    """What was sent cannot be taken; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        super().__init__(422, found[0].code, f"{found[0]}{more}")
        self.problems = found


class SocketError(Exception):
    """Why a door of the API cannot be opened, as a `problem` for people that names its flag."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@web.middleware
async def translate_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with a Status."""
    try:
        return await handler(request)
    except ApiError as error:
        return respond(error.to_status())
    except StoreError as error:
        return respond(_to_status(error))
    except web.HTTPNotFound:
        return answer(404, f"nothing is served at {request.path[:200]}")
    except web.HTTPException as error:
        return answer(error.status, error.text or error.reason)
    except Exception:
        log.exception("a request failed", extra={"path": request.path})
        return answer(500, "the server failed to answer; its log says why")


def answer(code: int, message: str, problems: Iterable[Problem] = ()) -> web.Response:
    """A failure as a response."""
    return respond(failure(code, message, problems))


def respond(status: Status) -> web.Response:
    """A Status as a response."""
    response = web.Response(
        status=status.code, body=msgspec.json.encode(status), content_type="application/json"
    )
    if status.code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _to_status(error: StoreError) -> Status:
    """In Kubernetes' words where it has some: its clients look at the reason, and people know the sentence."""
    code, key, reason = _code_of(error), error.resource, ""
    message = error.message
    match error:
        case NotFound() if key:
            message = words.not_found(key)
        case AlreadyExists() if key:
            message, reason = words.already_exists(key), "AlreadyExists"
        case ConflictError() if key:
            message = words.conflict(key)
        case _:
            pass
    return failure(code, message, (error.problem,), reason)


def _code_of(error: StoreError) -> int:
    match error:
        case NotFound():
            return 404
        case ConflictError():
            return 409
        case InvalidChange() | BackupError():
            return 422
        case StoreFull():
            return 507
        case Compacted():
            return 410
        case _:
            return 503
