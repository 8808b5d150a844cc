import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import Host, network

from tulle.agent.capture import captures, inspection, ledger
from tulle.agent.capture.captures import capture_of
from tulle.agent.ports import PortBook
from tulle.agent.state import StateDir
from tulle.capture.records import State, to_clean
from tulle.capture.wishes import Mode, Wish
from tulle.model.names import WorkloadRef
from tulle.model.wire import Register


@pytest.fixture
def vm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "run")
    with network("vm") as net:
        yield net["vm"]


async def left_behind(vm: Host, folder: Path) -> captures.Capture:
    """A capture as a killed agent leaves it, but for the lock of its folder, which is let go here."""
    with StateDir(folder) as state:
        wish = Wish(mode=Mode.NETNS, namespace=vm.namespace)
        capture = capture_of(wish, state, print, lasting=True)
        with PortBook(state, "127.0.0.1") as book, capture.entered():
            register = Register(
                address="127.0.0.1", mtls_port=book.mtls(), capture=capture.bind(book)
            )
        with pytest.raises(asyncio.CancelledError):
            await abandoned(capture, register)
    return capture


async def abandoned(capture: captures.Capture, register: Register) -> None:
    async with capture.prepared(), capture.in_force(WorkloadRef("shop", "web"), register):
        (standing,) = await inspection.look()
        assert (standing.state, standing.running) == (State.ACTIVE, 0)
        raise asyncio.CancelledError


async def test_what_a_killed_agent_left_is_seen_and_cleaned_from_any_namespace(
    vm: Host, tmp_path: Path
) -> None:
    capture = await left_behind(vm, tmp_path / "state")

    (standing,) = found = await inspection.look()
    assert standing.state is State.LEFT_BEHIND
    assert standing.table
    await inspection.clean(to_clean(found))
    await inspection.clean(to_clean(found))

    assert await inspection.look() == ()
    assert vm.run("nft", "list", "ruleset").stdout == ""
    assert capture.proxy.cgroup
    assert not capture.proxy.cgroup.parent.exists()


async def test_a_namespace_that_is_gone_leaves_a_record_to_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "run")
    with network("vm") as net:
        await left_behind(net["vm"], tmp_path / "state")

    (standing,) = found = await inspection.look()
    assert (standing.state, standing.table) == (State.LEFT_BEHIND, None)
    await inspection.clean(to_clean(found))

    assert await inspection.look() == ()


async def test_rules_taken_away_under_a_living_agent_are_told(vm: Host, tmp_path: Path) -> None:
    await left_behind(vm, tmp_path / "state")
    vm.run("nft", "flush", "ruleset")

    with StateDir(tmp_path / "state"):
        (standing,) = await inspection.look()

    assert standing.state is State.BROKEN
