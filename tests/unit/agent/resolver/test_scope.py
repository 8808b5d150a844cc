"""What a program asks for, its proxy gets; and nobody waits for ever."""

import asyncio
from pathlib import Path
from types import MappingProxyType

import pytest

from tulle.agent.resolver import scope as scope_module
from tulle.agent.resolver.scope import Scope, load_used
from tulle.agent.state import StateDir
from tulle.model.kinds.workload import UsedService
from tulle.model.names import ServiceRef
from tulle.xds.snapshots import Resources, XdsResource

API, DB = ServiceRef("shop", "api"), ServiceRef("shop", "db")


class Proxy:
    """Takes what it is told by a test."""

    def __init__(self) -> None:
        self.listeners: Resources = MappingProxyType({})

    def take(self, *names: str) -> None:
        self.listeners = {name: XdsResource(name, "1", b"") for name in names}


class Line:
    """A control plane that is there, and answers a report with a listener."""

    def __init__(self, proxy: Proxy | None = None) -> None:
        self.registered = asyncio.Event()
        self.reports: list[tuple[str, ...]] = []
        self._proxy = proxy

    def report_used(self, used: tuple[UsedService, ...]) -> None:
        self.reports.append(tuple(one.service for one in used))
        if self._proxy:
            self._proxy.take(*(f"virtual:{one.namespace}/{one.service}:80" for one in used))


@pytest.fixture
def state(tmp_path: Path):
    with StateDir(tmp_path / "state") as found:
        yield found


async def test_what_the_proxy_has_is_answered_at_once(state: StateDir) -> None:
    proxy = Proxy()
    proxy.take("virtual:shop/api:80", "virtual:shop/db:5432@10.0.0.1:15009", "captured-outbound")
    scope = Scope(state, proxy, Line())

    assert scope.is_known(API)
    assert scope.is_known(DB)
    assert not scope.is_known(ServiceRef("bank", "api"))


async def test_the_first_question_waits_until_the_proxy_has_it(state: StateDir) -> None:
    proxy = Proxy()
    line = Line(proxy)
    line.registered.set()
    scope = Scope(state, proxy, line)
    assert not scope.is_known(API)

    await scope.use(API)

    assert scope.is_known(API)
    assert line.reports == [("api",)]


async def test_what_was_asked_for_is_remembered_and_told_once(state: StateDir) -> None:
    proxy = Proxy()
    line = Line(proxy)
    line.registered.set()
    scope = Scope(state, proxy, line)
    await scope.use(DB)
    await scope.use(API)
    await scope.use(API)

    assert line.reports == [("db",), ("api", "db")]
    assert [one.service for one in load_used(state)] == ["api", "db"]
    again = Scope(state, Proxy(), line, load_used(state))
    await again.use(API)
    assert len(line.reports) == 2


async def test_with_the_control_plane_away_nobody_waits(state: StateDir) -> None:
    scope = Scope(state, Proxy(), Line())

    await scope.use(API)

    assert scope.is_known(API)


async def test_a_proxy_that_never_gets_it_is_not_waited_for_twice(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_module, "PATIENCE_S", 0.03)
    line = Line()
    line.registered.set()
    scope = Scope(state, Proxy(), line)

    await scope.use(API)

    assert scope.is_known(API)


async def test_a_damaged_memory_is_no_obstacle(state: StateDir) -> None:
    state.write("used.json", b"{")
    assert load_used(state) == ()


async def test_more_than_a_program_can_need_is_not_remembered(
    state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_module, "_MOST", 1)
    line = Line()
    scope = Scope(state, Proxy(), line)
    await scope.use(API)
    await scope.use(DB)

    assert line.reports == [("api",)]
    assert scope.is_known(DB)
