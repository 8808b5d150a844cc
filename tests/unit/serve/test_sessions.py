"""Sessions, spoken by hand through a real door."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from tests.unit.serve import doors
from tests.unit.serve.doors import REGISTER, WEB, Door, mesh_of, open_door, reason_of, status_of

from tulle.model.kinds.workload import (
    BoundPort,
    HttpProxy,
    UsedService,
    Workload,
    WorkloadPort,
    WorkloadSpec,
)
from tulle.model.names import WorkloadRef
from tulle.model.resources import Metadata
from tulle.model.skew import METADATA
from tulle.model.statuses import ConditionType
from tulle.model.wire import (
    Draining,
    EdgeReport,
    EdgeSample,
    HealthReport,
    Left,
    LogLevels,
    ProxySettings,
    ProxyState,
    Refused,
    Registered,
    ReplaceProxy,
    SetLogLevels,
    Used,
)
from tulle.serve import sessions
from tulle.serve.orders import Orders
from tulle.serve.sessions import EVERYBODY
from tulle.store.contract import Delete, Put
from tulle.store.errors import StoreFull
from tulle.testing.proxies import FakeSession, Identity, RefusedError, join, session

READY, DRAINING = ConditionType.READY, ConditionType.DRAINING


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path, lost_after_s=0.3) as opened:
        yield opened


async def registered(talk: FakeSession, **changes: object) -> Registered:
    await talk.say(msgspec.structs.replace(REGISTER, **changes))
    answer = await talk.hear()
    assert isinstance(answer, Registered), answer
    assert await talk.hear() == ProxySettings(connection_drain_s=20.0)
    return answer


def report(requests: int) -> EdgeReport:
    sample = EdgeSample(
        service="reviews",
        namespace="shop",
        port=80,
        protocol="http",
        requests=requests,
        failures=0,
        connections=1,
        handshakes=1,
    )
    return EdgeReport(edges=(sample,))


async def test_registering_records_where_the_workload_and_its_proxy_are(door: Door) -> None:
    me = await door.join(app="web")
    async with session(me, door.xds) as talk:
        answer = await registered(
            talk,
            address="10.0.0.6",
            plaintext_ports=(BoundPort(port=9080, proxy_port=15006),),
        )
        workload = await door.workload(me.workload)
    assert workload is not None
    assert workload.spec.address == "10.0.0.6"
    assert workload.spec.service_account_name == "web"
    assert workload.metadata.labels == {"app": "web"}
    assert workload.status.proxy is not None
    assert workload.status.proxy.mtls_port == 15009
    assert workload.status.proxy.version == "1.40.0"
    assert status_of(workload, READY) == "True"
    assert answer.revision == int(workload.metadata.resource_version)


async def test_the_port_for_requests_by_name_is_recorded(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk, http_proxy=HttpProxy(), http_proxy_port=18000)
        workload = await door.workload(me.workload)
    assert workload is not None
    assert workload.status.proxy is not None
    assert workload.spec.http_proxy == HttpProxy()
    assert workload.status.proxy.http_proxy_port == 18000


async def test_what_a_program_has_asked_for_is_recorded(door: Door) -> None:
    def asked(workload: Workload) -> list[str]:
        return [one.service for one in workload.status.proxy.used] if workload.status.proxy else []

    me = await door.join()
    api, db = (UsedService(service=name, namespace="shop") for name in ("api", "db"))
    async with session(me, door.xds) as talk:
        await registered(talk, used=(api,))
        await door.until(me.workload, lambda w: asked(w) == ["api"])
        await talk.say(Used(services=(api, db)))
        await door.until(me.workload, lambda w: asked(w) == ["api", "db"])


async def test_health_goes_up_and_down(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk, healthy=False)
        assert status_of(await door.workload(me.workload), READY) == "False"
        await talk.say(HealthReport(healthy=True))
        await door.until(me.workload, lambda w: status_of(w, READY) == "True")
        await talk.say(HealthReport(healthy=False, reason="GET /health answers 500"))
        await door.until(me.workload, lambda w: status_of(w, READY) == "False")
        workload = await door.workload(me.workload)
    assert workload is not None
    ready = next(c for c in workload.status.conditions if c.type == READY)
    assert ready.message == "GET /health answers 500"


async def test_of_an_agent_that_is_lost_nothing_is_known_until_it_is_back(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
    await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")
    assert status_of(await door.workload(me.workload), READY) == "Unknown"
    async with session(me, door.xds) as talk:
        await registered(talk)
        assert status_of(await door.workload(me.workload), READY) == "True"


async def test_an_agent_that_comes_back_the_moment_it_is_given_up_is_not_lost(door: Door) -> None:
    """It says only once that it is well: what is written of its absence must not come after that."""
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await door.sessions._mark_lost(me.workload)

        assert status_of(await door.workload(me.workload), READY) == "True"


async def test_a_lost_agent_of_a_program_that_was_not_ready_is_no_last_resort(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(HealthReport(healthy=False, reason="GET /health answers 500"))
        await door.until(me.workload, lambda w: status_of(w, READY) == "False")
    await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")
    assert status_of(await door.workload(me.workload), READY) == "False"


async def test_a_session_that_comes_back_in_time_is_never_missed(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as old:
        await registered(old)
        async with session(me, door.xds) as new:
            await registered(new)
            await old.finish()
            door.clock.ahead_s = 60.0
            await new.say(HealthReport(healthy=False))
            await door.until(me.workload, lambda w: status_of(w, READY) == "False")
            assert reason_of(await door.workload(me.workload), READY) == "Unhealthy"


async def test_a_workload_that_drained_is_deleted_when_its_session_ends(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(Draining(deadline_s=5.0))
        await door.until(me.workload, lambda w: status_of(w, DRAINING) == "True")
        door.publisher.published((await door.store.world()).revision)
        assert (await talk.hear()).pending == ()
    await door.until(me.workload, lambda workload: workload is None)


async def test_a_workload_that_left_comes_back_once_as_what_it_was(door: Door) -> None:
    me = await door.join(app="web")
    async with session(me, door.xds) as talk:
        await registered(talk)
        door.publisher.published((await door.store.world()).revision + 1)
        await talk.say(Draining(deadline_s=5.0))
        left = await talk.hear()
    await door.until(me.workload, lambda workload: workload is None)
    assert "tulle1." not in repr(left)

    again = await join(door.grpc.join, left.token, WEB)

    found = await door.workload(again.workload)
    assert again.workload == me.workload
    assert found.metadata.labels == {"app": "web"}
    with pytest.raises(RefusedError, match="token-used"):
        await join(door.grpc.join, left.token, WEB)


async def test_who_had_not_heard_in_time_is_named(door: Door) -> None:
    me, other = await door.join(), await door.join()
    door.publisher.offer(other.workload, mesh_of("1"), serving=True)
    async with session(me, door.xds) as talk:
        await registered(talk)
        door.publisher.published((await door.store.world()).revision + 1)
        await talk.say(Draining(deadline_s=0.1))
        assert (await talk.hear()).pending == (str(other.workload),)


async def test_a_control_plane_that_did_not_get_round_to_it_does_not_pretend(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(Draining(deadline_s=0.1))
        assert (await talk.hear()).pending == EVERYBODY


async def test_a_workload_that_drains_while_the_door_closes_stays_for_the_next_one(
    door: Door,
) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(Draining(deadline_s=30.0))
        await door.until(me.workload, lambda w: status_of(w, DRAINING) == "True")
        await door.grpc.stop()
        assert await talk.hear() is None
    assert await door.workload(me.workload) is not None


async def test_a_lost_agent_that_was_draining_is_not_waited_for(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(Draining(deadline_s=30.0))
        await door.until(me.workload, lambda w: status_of(w, DRAINING) == "True")
    await door.until(me.workload, lambda workload: workload is None)


async def test_a_workload_nobody_can_come_back_as_is_deleted(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
    door.clock.ahead_s = door.lifetime_s + 1.0
    await door.until(me.workload, lambda workload: workload is None)


async def test_who_joined_and_never_registered_is_not_ready_and_then_forgotten(door: Door) -> None:
    me = await door.join()
    assert reason_of(await door.workload(me.workload), READY) == "Starting"
    await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")
    async with session(me, door.xds) as talk:
        await registered(talk)
        assert status_of(await door.workload(me.workload), READY) == "True"
    gone = await door.join()
    door.clock.ahead_s = door.lifetime_s + 1.0
    await door.until(gone.workload, lambda workload: workload is None)


async def test_who_joined_another_control_plane_and_never_registered_is_forgotten_too(
    tmp_path: Path,
) -> None:
    async with open_door(tmp_path, lost_after_s=3600.0) as door:
        me = await door.join()
        applied = Workload(
            metadata=Metadata(name="applied", namespace="shop"),
            spec=WorkloadSpec(address="10.0.0.9", service_account_name="web"),
        )
        await door.store.write([Put(applied)])
        restarted = sessions.Sessions(
            sessions.Memory(door.store, door.publisher, door.mint, door.clock, door.clock.ticks),
            doors.TRUST_DOMAIN,
            Orders(lambda: 20.0),
            0.05,
        )
        async with doors.running(restarted.run()):
            await door.breathe()
            door.clock.passed_s = 2 * 86400.0
            await door.until(me.workload, lambda workload: workload is None)
        assert await door.workload(WorkloadRef("shop", "applied")) is not None


async def test_a_clock_that_steps_makes_nobody_missed_sooner(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        me = await door.join()
        async with session(me, door.xds) as talk:
            await registered(talk)
        door.clock.ahead_s = 3600.0
        await door.breathe()
        assert status_of(await door.workload(me.workload), READY) == "True"
        door.clock.ahead_s = -3600.0
        door.clock.passed_s = sessions.LOST_AFTER_S + 1.0
        await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")


async def test_a_deleted_workload_is_told_so(door: Door) -> None:
    me = await door.join()
    workload = await door.workload(me.workload)
    assert workload is not None
    await door.store.write([Delete(workload.key)])
    async with session(me, door.xds) as talk:
        await talk.say(REGISTER)
        answer = await talk.hear()
        assert isinstance(answer, Refused)
        assert answer.code == "workload-unknown"
        assert await talk.hear() is None


async def test_what_cannot_be_is_refused_and_nothing_is_written(door: Door) -> None:
    me = await door.join()
    before = await door.workload(me.workload)
    async with session(me, door.xds) as talk:
        twice = (WorkloadPort(port=80), WorkloadPort(port=80))
        await talk.say(msgspec.structs.replace(REGISTER, address="not an address!", ports=twice))
        answer = await talk.hear()
        assert isinstance(answer, Refused)
        assert answer.code == "bad-address"
        assert "spec.address: " in answer.message
        assert "spec.ports[1].port: " in answer.message
    assert await door.workload(me.workload) == before


@pytest.mark.parametrize(
    "data", [b"{", b'{"type":"register"}', b'{"type":"hello"}', b"\x00"], ids=repr
)
async def test_nonsense_ends_the_session_with_a_reason(door: Door, data: bytes) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await talk.say_bytes(data)
        answer = await talk.hear()
        assert isinstance(answer, Refused)
        assert answer.code == "request-malformed"
        assert await talk.hear() is None


async def test_the_first_word_must_say_where_the_workload_is(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await talk.say(report(1))
        answer = await talk.hear()
        assert isinstance(answer, Refused)
        assert answer.code == "register-first"
    assert door.sessions.edges() == {}


async def test_the_latest_counts_are_kept_also_of_who_has_left(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(report(1))
        await talk.say(report(2))
        await talk.finish()
    assert door.sessions.edges() == {me.workload: report(2)}


async def test_the_counts_of_those_that_left_are_not_kept_for_ever(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "KEPT_REPORTS", 2)

    async def live() -> Identity:
        me = await door.join()
        async with session(me, door.xds) as talk:
            await registered(talk)
            await talk.say(report(1))
            await talk.finish()
        return me

    lives = [await live() for _ in range(4)]
    assert list(door.sessions.edges()) == [me.workload for me in lives[1:]]


async def test_when_certificates_end_is_known_of_those_that_are_here(door: Door) -> None:
    me = await door.join()
    assert door.sessions.certificate_ends() == {}
    async with session(me, door.xds) as talk:
        await registered(talk)
        assert door.sessions.certificate_ends() == {me.workload: me.credentials.not_after}


async def test_a_store_that_fails_does_not_end_the_keeper(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await door.join()
    store = type(door.store)
    write, failures = store.write, [1]

    async def fails_once(self: object, changes: object, dry_run: bool = False) -> object:
        if failures:
            failures.pop()
            raise StoreFull("the disk is full")
        return await write(self, changes, dry_run)  # type: ignore[arg-type]

    async with session(me, door.xds) as talk:
        await registered(talk)
        monkeypatch.setattr(store, "write", fails_once)
    await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")
    assert not failures


async def test_workloads_known_from_before_get_time_to_come_back(tmp_path: Path) -> None:
    async with open_door(tmp_path, lost_after_s=0.05) as door:
        me = await door.join()
        async with session(me, door.xds) as talk:
            await registered(talk)
            restarted = sessions.Sessions(
                sessions.Memory(
                    door.store, door.publisher, door.mint, door.clock, door.clock.ticks
                ),
                doors.TRUST_DOMAIN,
                Orders(lambda: 20.0),
                0.05,
            )
            async with doors.running(restarted.run()):
                await door.breathe()
                assert reason_of(await door.workload(me.workload), READY) == "Healthy"
                door.clock.passed_s = sessions.RETURN_AFTER_START_S + 1.0
                await door.until(me.workload, lambda w: reason_of(w, READY) == "AgentLost")


async def test_an_agents_log_levels_can_be_asked_for_and_changed(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk, asyncio.TaskGroup() as group:
        await registered(talk)
        asking = group.create_task(door.sessions.log_levels(me.workload, {"envoy": "debug"}))
        asked = await talk.hear()
        assert isinstance(asked, SetLogLevels)
        assert asked.levels == {"envoy": "debug"}
        await talk.say(LogLevels(number=asked.number, levels={"envoy.http": "debug"}))

        assert await asking == {"envoy.http": "debug"}


async def test_what_an_agent_does_not_know_is_told_with_its_words(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk, asyncio.TaskGroup() as group:
        await registered(talk)
        asking = group.create_task(door.sessions.log_levels(me.workload, {"x": "debug"}))
        asked = await talk.hear()
        assert isinstance(asked, SetLogLevels)
        await talk.say(LogLevels(number=asked.number, problem="there is no x"))
        answer = await asking

    assert isinstance(answer, Refused)
    assert (answer.code, answer.message) == ("log-level-refused", "there is no x")


async def test_an_agent_that_is_away_or_goes_away_is_told(door: Door) -> None:
    me = await door.join()
    before = await door.sessions.log_levels(me.workload, {})
    async with asyncio.TaskGroup() as group:
        async with session(me, door.xds) as talk:
            await registered(talk)
            asking = group.create_task(door.sessions.log_levels(me.workload, {}))
            await talk.hear()
        during = await asking

    for answer in (before, during):
        assert isinstance(answer, Refused)
        assert answer.code == "agent-away"


async def test_an_agent_from_before_log_levels_is_not_asked(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds, metadata=()) as talk:
        await talk.say(REGISTER)
        assert isinstance(await talk.hear(), Registered)
        answer = await door.sessions.log_levels(me.workload, {})

    assert isinstance(answer, Refused)
    assert answer.code == "agent-too-old"


async def test_an_agent_of_another_age_is_refused_and_told_what_to_upgrade(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds, metadata=((METADATA, "99"),)) as talk:
        with pytest.raises(RefusedError) as caught:
            await registered(talk)

    assert caught.value.refused.code == "version-skew"
    assert "upgrade the control plane" in caught.value.refused.hint


# What is wanted of an Envoy.


async def test_an_agent_hears_how_long_connections_drain_and_when_that_changes(door: Door) -> None:
    me = await door.join(app="web")
    async with session(me, door.xds) as talk:
        await registered(talk)
        door.drain_s = 90.0
        assert await talk.hear() == ProxySettings(connection_drain_s=90.0)


async def test_an_older_agent_hears_nothing_it_does_not_know(door: Door) -> None:
    me = await door.join(app="web")
    async with session(me, door.xds, metadata=()) as talk:
        await talk.say(REGISTER)
        assert isinstance(await talk.hear(), Registered)
        door.drain_s = 90.0
        answer = await door.sessions.replace_proxy(me.workload)
        await talk.say(Draining(deadline_s=0.0))
        assert isinstance(await talk.hear(), Left)
    assert isinstance(answer, Refused)
    assert answer.code == "proxy-not-reachable"


async def test_who_asks_for_another_envoy_hears_what_became_of_it(door: Door) -> None:
    me = await door.join(app="web")
    async with session(me, door.xds) as talk, asyncio.TaskGroup() as group:
        await registered(talk)
        asking = group.create_task(door.sessions.replace_proxy(me.workload))
        order = await talk.hear()
        assert isinstance(order, ReplaceProxy)
        await talk.say(ProxyState(version="1.41.0", answers=order.number))
    assert asking.result() == ProxyState(version="1.41.0", answers=order.number)
    workload = await door.workload(me.workload)
    assert workload.status.proxy.version == "1.41.0"
    assert status_of(workload, ConditionType.PROXY_CURRENT) == ""


async def test_an_agent_that_goes_instead_of_answering_is_said(door: Door) -> None:
    me = await door.join(app="web")
    async with asyncio.TaskGroup() as group, session(me, door.xds) as talk:
        await registered(talk)
        asking = group.create_task(door.sessions.replace_proxy(me.workload))
        await talk.hear()
    assert asking.result().code == "proxy-not-answering"


async def test_an_envoy_that_is_not_replaced_stands_in_the_status_until_one_is(door: Door) -> None:
    me = await door.join(app="web")
    current = ConditionType.PROXY_CURRENT
    async with session(me, door.xds) as talk:
        await registered(talk)
        await talk.say(ProxyState(version="1.40.0", failure="it does not start"))
        await door.until(me.workload, lambda w: status_of(w, current) == "False")
        await talk.say(ProxyState(version="1.41.0"))
        await door.until(me.workload, lambda w: status_of(w, current) == "True")
