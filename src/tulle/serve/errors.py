"""What the gRPC door says when it says no.

    DoorError          a port cannot be opened: carries a `problem` for whoever started the server

Refusals to agents are `model.wire.Refused`, as JSON in the status' details: the agent prints them as they are.
What only this machine can mend (its disk is full) is UNAVAILABLE: the agent tries again until it is mended.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NoReturn

import grpc
from grpc._cython.cygrpc import BaseError

from tulle.model.problems import Problem
from tulle.model.wire import Refused, encode
from tulle.store.errors import StoreError

log = logging.getLogger(__name__)
STREAM_BROKE = (grpc.aio.UsageError, asyncio.InvalidStateError, BaseError)
"""What writing to a caller that has gone raises; the last has no public name."""


class DoorError(Exception):
    """The door cannot be opened."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def refused(first: Problem, *others: Problem) -> Refused:
    """Problems as agents hear them: under the code of the first, all with their fields, in one sentence."""
    more = [f"{_with_field(problem)} [{problem.code}]" for problem in others]
    hints = [problem.hint for problem in (first, *others) if problem.hint]
    return Refused(
        code=first.code,
        message="; ".join([_with_field(first), *more]),
        hint="; ".join(dict.fromkeys(hints)),
    )


def _with_field(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


async def refuse(context: grpc.aio.ServicerContext, refusal: Refused) -> NoReturn:
    """End the call with a reason."""
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, encode(refusal).decode())
    raise AssertionError("abort raises")


def malformed(error: Exception) -> Refused:
    """What was said is no message of this protocol."""
    return Refused(
        code="request-malformed",
        message=f"the control plane does not understand the agent: {error}",
        hint="agent and control plane are of different versions: `tulle version`",
    )


@asynccontextmanager
async def store_errors(context: grpc.aio.ServicerContext) -> AsyncGenerator[None]:
    """End the call as "not now" if the store fails in the block."""
    try:
        yield
    except StoreError as error:
        log.exception("the store failed while an agent waited")
        await context.abort(grpc.StatusCode.UNAVAILABLE, error.message)
