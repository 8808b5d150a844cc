import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager

import pytest
from tests.unit.agent.control.test_channels import member
from tests.unit.agent.control_plane import control_plane

from tulle.agent.control.channels import Uplink
from tulle.agent.control.session import LevelsError, Local, Session
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.model import wire
from tulle.model.kinds.workload import UsedService

REGISTER = wire.Register(address="127.0.0.1", mtls_port=1)


@pytest.fixture
async def plane(tmp_path):
    async with control_plane(tmp_path) as plane:
        yield plane


class Talking:
    """A session and what it told."""

    def __init__(self, plane, register: wire.Register = REGISTER) -> None:
        trust = member(plane)
        self.notices: list[str] = []
        self.told = asyncio.Event()
        self.plane = plane
        self.asked_to_come_back = 0
        self.report: wire.EdgeReport | None = None
        self.uplink = Uplink(str(plane.xds), lambda: trust)
        self.session = Session(
            self.uplink,
            register,
            Local(self._count, self._set_levels),
            self._come_back,
            self._tell,
        )

    def _tell(self, notice: Notice) -> None:
        self.notices.append(notice.text)
        self.told.set()

    async def _come_back(self) -> bool:
        self.asked_to_come_back += 1
        self.plane.refuse = None
        return self.asked_to_come_back == 1

    async def _set_levels(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        if "nonsense" in wanted:
            raise LevelsError("there is no nonsense")
        return {"agent": "info", **wanted}

    async def _count(self) -> wire.EdgeReport | None:
        return self.report


@asynccontextmanager
async def running(talking: Talking):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(talking.session.run())
        try:
            yield talking.session
        finally:
            task.cancel()


async def test_the_first_word_says_where_the_proxy_listens(plane):
    async with running(Talking(plane)) as session:
        await session.registered.wait()

    assert plane.frames == [REGISTER]


async def test_health_is_reported_when_it_changes(plane):
    async with running(Talking(plane)) as session:
        await session.registered.wait()
        session.report_health(True, "")
        session.report_health(False, "slow")
        await plane.wait_for(wire.HealthReport, 2)

    assert plane.frames[1:] == [
        wire.HealthReport(healthy=True),
        wire.HealthReport(healthy=False, reason="slow"),
    ]


async def test_health_from_before_the_stream_is_in_the_first_word(plane):
    talking = Talking(plane)
    talking.session.report_health(True, "")
    async with running(talking) as session:
        await session.registered.wait()

    (register,) = plane.frames
    assert register.healthy


async def test_what_the_proxy_counted_is_reported(plane):
    talking = Talking(plane)
    talking.report = wire.EdgeReport(edges=(), inbound_handshakes=3)
    async with running(talking):
        assert await plane.wait_for(wire.EdgeReport) == talking.report


async def test_leaving_returns_what_the_control_plane_knows(plane):
    plane.left = wire.Left(pending=("shop/slow",))
    async with running(Talking(plane)) as session:
        await session.registered.wait()

        assert await session.leave(10.0) == plane.left
    assert plane.frames[-1] == wire.Draining(deadline_s=10.0)


async def test_leaving_does_not_wait_for_a_control_plane_that_is_away(plane):
    async with running(Talking(plane)) as session:
        await session.registered.wait()
        await plane.stop()

        assert await asyncio.wait_for(session.leave(60.0), 10.0) is None


async def test_leaving_is_said_again_to_a_control_plane_that_restarts(plane):
    async with running(Talking(plane)) as session:
        await session.registered.wait()
        await plane.stop()
        async with asyncio.TaskGroup() as group:
            leaving = group.create_task(session.leave(60.0))
            await plane.start()
        assert leaving.result() == wire.Left()


async def test_a_broken_stream_is_told_once_and_so_is_its_return(plane):
    talking = Talking(plane)
    async with running(talking) as session:
        await session.registered.wait()
        await plane.stop()
        await talking.told.wait()
        await plane.start()
        await session.registered.wait()

    assert len(talking.notices) == 2
    assert "is away" in talking.notices[0]
    assert talking.notices[1] == "the control plane is back"


async def test_a_new_certificate_begins_a_new_stream_and_nobody_is_alarmed(plane):
    talking = Talking(plane)
    async with running(talking) as session:
        await session.registered.wait()
        talking.uplink.renew()
        await plane.wait_for(wire.Register, 2)

    assert talking.notices == []


async def test_a_workload_the_mesh_forgot_comes_back(plane):
    plane.refuse = wire.Refused(code=wire.WORKLOAD_UNKNOWN, message="who?")
    talking = Talking(plane)
    async with running(talking) as session:
        await session.registered.wait()

    assert talking.asked_to_come_back == 1
    assert talking.notices == []


async def test_who_is_refused_at_the_first_word_gives_up_with_the_reason(plane):
    plane.refuse = wire.Refused(code="workload-taken", message="another one is here", hint="wait")
    with pytest.raises(AgentError) as caught:
        await Talking(plane).session.run()

    assert caught.value.problem.code == "workload-taken"


async def test_log_levels_are_changed_and_told_under_the_number_of_the_question(plane):
    plane.questions = [
        wire.SetLogLevels(number=7, levels={"envoy": "debug"}),
        wire.SetLogLevels(number=8, levels={"nonsense": "debug"}),
        wire.SetLogLevels(number=9),
    ]
    async with running(Talking(plane)):
        await plane.wait_for(wire.LogLevels, 3)

    assert [frame for frame in plane.frames if isinstance(frame, wire.LogLevels)] == [
        wire.LogLevels(number=7, levels={"agent": "info", "envoy": "debug"}),
        wire.LogLevels(number=8, problem="there is no nonsense"),
        wire.LogLevels(number=9, levels={"agent": "info"}),
    ]


async def test_what_the_control_plane_wants_of_the_proxy_is_handed_on(plane):
    plane.questions = [
        wire.ProxySettings(connection_drain_s=90.0),
        wire.ReplaceProxy(number=3),
    ]
    async with running(Talking(plane)) as session:
        assert await session.orders.get() == plane.questions[0]
        assert await session.orders.get() == plane.questions[1]
        session.report_proxy(wire.ProxyState(version="1.41.0", answers=3))
        said = await plane.wait_for(wire.ProxyState)
    assert said == wire.ProxyState(version="1.41.0", answers=3)


async def test_what_the_program_asks_for_is_told_now_and_when_a_session_begins(plane):
    plane.questions = [wire.ProxySettings(connection_drain_s=45.0)]
    used = (UsedService(service="api", namespace="shop"),)
    async with running(Talking(plane)) as session:
        await session.orders.get()
        session.report_used(used)
        assert await plane.wait_for(wire.Used) == wire.Used(services=used)

        await plane.stop()
        await plane.start()
        again = await plane.wait_for(wire.Register, 2)
    assert again.used == used


async def test_a_control_plane_that_never_spoke_of_proxies_hears_nothing_of_them(plane):
    async with running(Talking(plane)) as session:
        await session.registered.wait()
        session.report_proxy(wire.ProxyState(version="1.41.0", failure="no"))
        session.report_health(True, "")
        await plane.wait_for(wire.HealthReport)
        assert not [frame for frame in plane.frames if isinstance(frame, wire.ProxyState)]

        await plane.stop()
        await plane.start()
        again = await plane.wait_for(wire.Register, 2)
    assert again.proxy_version == "1.41.0"


async def test_the_next_session_hears_what_became_of_the_proxy(plane):
    plane.questions = [wire.ProxySettings(connection_drain_s=45.0)]
    talking = Talking(plane)
    talking.session.report_proxy(wire.ProxyState(version="1.41.0", failure="no", answers=3))
    async with running(talking):
        said = await plane.wait_for(wire.ProxyState)
    assert said == wire.ProxyState(version="1.41.0", failure="no")
