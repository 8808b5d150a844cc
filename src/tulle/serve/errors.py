"""What the gRPC door says when it says no.

    DoorError          a port cannot be opened: carries a `problem` for whoever started the server

Refusals to agents are `model.wire.Refused`, as JSON in the status' details: the agent prints them as they are.
"""

import asyncio
from typing import NoReturn

import grpc
from grpc._cython.cygrpc import BaseError

from tulle.model.problems import Problem
from tulle.model.wire import Refused, encode

STREAM_BROKE = (grpc.aio.UsageError, asyncio.InvalidStateError, BaseError)
"""What writing to a caller that has gone raises; the last has no public name."""


class DoorError(Exception):
    """The door cannot be opened."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def refused(problem: Problem) -> Refused:
    """A problem as agents hear it."""
    return Refused(code=problem.code, message=problem.message, hint=problem.hint)


async def refuse(context: grpc.aio.ServicerContext, refusal: Refused) -> NoReturn:
    """End the call with a reason."""
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, encode(refusal).decode())
    raise AssertionError("abort raises")
