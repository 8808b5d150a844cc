import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import NAMESPACES, Host, network

from tulle.agent.capture import captures, ledger, namespaces
from tulle.agent.capture.captures import NotCaptured, capture_of
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.ports import PortBook
from tulle.agent.programs.children import HERE
from tulle.agent.state import StateDir
from tulle.capture.wishes import NOT_CAPTURED, Mode, Wish
from tulle.model.kinds.workload import ProbePort, WorkloadPort
from tulle.model.names import WorkloadRef
from tulle.model.wire import Register

WEB = WorkloadRef("shop", "web")
PORTS = (WorkloadPort(port=8080),)


def told(notice: Notice) -> None:
    raise AssertionError(notice.text)


@pytest.fixture
def vm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "run")
    with network("vm") as net:
        yield net["vm"]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with StateDir(tmp_path / "state") as made:
        yield made


def wish(vm: Host, **more: object) -> Wish:
    return Wish(mode=Mode.NETNS, namespace=vm.namespace, **more)  # type: ignore[arg-type]


def register(capture: captures.Capture, state: StateDir) -> Register:
    with PortBook(state, "127.0.0.1") as book, capture.entered():
        bound = capture.bind(book)
        mtls = book.mtls(own_network=True)
        return Register(address="127.0.0.1", ports=PORTS, mtls_port=mtls, capture=bound)


async def test_in_a_namespace_rules_are_there_meanwhile_and_then_nothing_is_left(
    vm: Host, state: StateDir
) -> None:
    probe = ProbePort(port=15021, program_port=8080)
    capture = capture_of(wish(vm, probes=(probe,)), state, told)
    said = register(capture, state)
    assert said.capture
    assert (said.capture.outbound_port, said.capture.inbound_port) == (15001, 15006)

    async with capture.prepared():
        assert [one.workload for one in ledger.records()] == [captures.STARTING]
        assert capture.proxy.cgroup
        assert capture.proxy.cgroup.is_dir()
        assert capture.proxy.netns == NAMESPACES / vm.namespace
        async with capture.in_force(WEB, said):
            rules = vm.run("nft", "list", "ruleset").stdout
            (record,) = ledger.records()

    assert "tcp dport { 15009, 15021 } accept" in rules
    assert record.workload == "shop/web"
    assert record.namespace == namespaces.find(vm.namespace).number
    assert vm.run("nft", "list", "ruleset").stdout == ""
    assert not capture.proxy.cgroup.exists()
    assert list(ledger.records()) == []


async def test_what_outlives_its_agent_stays_captured_and_an_end_is_an_end(
    vm: Host, state: StateDir
) -> None:
    lasting = capture_of(wish(vm), state, told, lasting=True)
    said = register(lasting, state)

    async def carry() -> None:
        async with lasting.prepared(), lasting.in_force(WEB, said):
            began.set()
            await asyncio.Event().wait()

    began = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carry())
        await began.wait()
        carrying.cancel()

    assert "tulle_" in vm.run("nft", "list", "tables").stdout
    assert len(list(ledger.records())) == 1
    again = capture_of(wish(vm), state, told, lasting=True)
    assert again.mark == lasting.mark
    async with again.prepared(), again.in_force(WEB, said):
        assert vm.run("nft", "list", "tables").stdout.count("tulle_") == 1
    assert vm.run("nft", "list", "tables").stdout == ""


async def test_one_that_does_not_last_ends_with_its_agent(vm: Host, state: StateDir) -> None:
    capture = capture_of(wish(vm), state, told)
    said = register(capture, state)
    with pytest.raises(asyncio.CancelledError):
        async with capture.prepared(), capture.in_force(WEB, said):
            raise asyncio.CancelledError

    assert vm.run("nft", "list", "tables").stdout == ""


async def test_rules_nft_refuses_leave_nothing_behind(
    vm: Host, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = capture_of(wish(vm), state, told)
    said = register(capture, state)
    async with capture.prepared():
        monkeypatch.setattr(captures, "ruleset", lambda _: "nonsense\n")
        with pytest.raises(AgentError, match="nft-failed"):
            async with capture.in_force(WEB, said):
                pass

    assert list(ledger.records()) == []


async def test_rules_that_match_nobody_are_found_out_before_a_program_starts(
    vm: Host, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container with control groups of its own, on a kernel that counts levels from the real root."""
    capture = capture_of(wish(vm), state, told)
    said = register(capture, state)
    real = captures.ruleset
    monkeypatch.setattr(captures, "ruleset", lambda plan: real(plan).replace("level 3", "level 4"))
    async with capture.prepared():
        with pytest.raises(AgentError, match="capture-ineffective"):
            async with capture.in_force(WEB, said):
                pass

    assert vm.run("nft", "list", "tables").stdout == ""


async def test_a_workload_that_moved_leaves_no_rules_where_it_was(
    vm: Host, state: StateDir
) -> None:
    with network("other") as net:
        there = capture_of(wish(net["other"]), state, told, lasting=True)
        with pytest.raises(asyncio.CancelledError):
            async with there.prepared(), there.in_force(WEB, register(there, state)):
                raise asyncio.CancelledError
        here = capture_of(wish(vm), state, told)
        async with here.prepared():
            assert net["other"].run("nft", "list", "tables").stdout == ""


def test_a_namespace_takes_one_proxy(vm: Host, state: StateDir) -> None:
    capture = capture_of(wish(vm), state, told)
    with vm.inside():
        import socket

        taken = socket.create_server(("127.0.0.1", 15001))
    with taken, pytest.raises(AgentError, match="port-taken"):
        register(capture, state)


def test_the_agents_own_network_is_not_captured(vm: Host, state: StateDir) -> None:
    own = Wish(mode=Mode.NETNS, namespace="/proc/self/ns/net")
    with pytest.raises(AgentError, match="netns-own"):
        capture_of(own, state, told)


async def test_without_capture_everything_stays_as_it_is(state: StateDir) -> None:
    none = capture_of(NOT_CAPTURED, state, told)

    assert isinstance(none, NotCaptured)
    with PortBook(state, "127.0.0.1") as book, none.entered():
        assert none.bind(book) is None
    async with none.prepared(), none.in_force():
        assert (none.proxy, none.program, none.mark) == (HERE, HERE, 0)


def test_capture_is_for_linux_and_for_root(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures.os, "geteuid", lambda: 1000)
    with pytest.raises(AgentError, match="capture-needs-root"):
        capture_of(Wish(mode=Mode.CGROUP), state, told)
    monkeypatch.setattr(captures.sys, "platform", "darwin")
    with pytest.raises(AgentError, match="capture-needs-linux"):
        capture_of(Wish(mode=Mode.CGROUP), state, told)
