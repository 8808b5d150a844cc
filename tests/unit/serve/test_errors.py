import grpc
import msgspec
import pytest

from tulle.ads.wire import ProtocolError
from tulle.model.problems import Problem
from tulle.model.wire import Refused
from tulle.serve.errors import DoorError, malformed, refuse, refused, store_errors
from tulle.store.errors import StoreFull


class AbortError(Exception):
    """What gRPC raises to end a call."""


class Context:
    """Of gRPC's context only what refusing needs; the contract tests use the real one."""

    def __init__(self) -> None:
        self.status: grpc.StatusCode | None = None
        self.details = ""

    async def abort(self, status: grpc.StatusCode, details: str) -> None:
        self.status, self.details = status, details
        raise AbortError


async def test_a_refusal_reaches_the_agent_with_code_message_and_hint() -> None:
    context = Context()
    problem = Problem("csr", "csr-refused", "its key is too small", "use P-256")
    with pytest.raises(AbortError):
        await refuse(context, refused(problem))
    assert context.status is grpc.StatusCode.PERMISSION_DENIED
    found = msgspec.json.decode(context.details, type=Refused)
    said = "csr: its key is too small"
    assert found == Refused(code="csr-refused", message=said, hint="use P-256")


def test_all_problems_are_told_each_with_its_field() -> None:
    found = refused(
        Problem("spec.address", "bad-address", "must be an address", "write one"),
        Problem("", "conflict", "is odd"),
        Problem("spec.ports[0].port", "out-of-range", "is too large", "write one"),
    )
    assert found.code == "bad-address"
    assert found.message == (
        "spec.address: must be an address; is odd [conflict]; "
        "spec.ports[0].port: is too large [out-of-range]"
    )
    assert found.hint == "write one"


async def test_a_store_that_fails_means_not_now() -> None:
    context = Context()
    with pytest.raises(AbortError):
        async with store_errors(context):
            raise StoreFull("the disk is full")
    assert context.status is grpc.StatusCode.UNAVAILABLE
    assert context.details == "the disk is full"


async def test_other_errors_pass_the_border_untouched() -> None:
    context = Context()
    with pytest.raises(KeyError):
        async with store_errors(context):
            raise KeyError
    assert context.status is None


def test_nonsense_is_blamed_on_versions_that_differ() -> None:
    found = malformed(ProtocolError("a number is cut short"))
    assert found.code == "request-malformed"
    assert "a number is cut short" in found.message
    assert "tulle version" in found.hint


def test_a_door_that_cannot_open_carries_its_problem() -> None:
    problem = Problem("--join-address", "port-taken", "cannot listen")
    assert DoorError(problem).problem is problem
    assert "port-taken" in str(DoorError(problem))
