"""Programs and doors behind a proxy that is not there: only what they tell it counts here."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from tests.unit.agent.programs.carried import Written

from tulle.agent import events
from tulle.agent.deadline import Stop
from tulle.agent.errors import AgentError
from tulle.agent.programs.tenant import NoTenant, ProgramTenant, StandingTenant, tenant_of
from tulle.agent.tenants import Given
from tulle.capture.wishes import Mode, Wish
from tulle.model.kinds.process import Health, TcpProbe
from tulle.model.kinds.workload import BoundUpstream, WorkloadPort
from tulle.settings import Address, AgentSettings


def settings(**more) -> AgentSettings:
    server = Address("127.0.0.1", 9)
    return AgentSettings(server=server, state_dir=Path("unused"), envoy=Path("unused"), **more)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-S", "-c", code)


def carried(**more) -> Written:
    return Written(Given(**more))


async def test_a_program_finds_its_upstreams_and_its_exit_code_is_the_tenants():
    bound = BoundUpstream(service="db", namespace="shop", port=5432, local_port=4321)
    code = "import os; raise SystemExit(7 if os.environ['DB_PORT'] == '4321' else 1)"
    written = carried(upstreams=(bound,))
    heard: list[events.AgentEvent] = []
    tenant = ProgramTenant(settings(command=python(code)), os.environ, heard.append, Stop())

    assert await tenant.live(written) == 7
    assert written.said[-1] == "leave"
    assert heard[-1] == events.Exited(7)


async def test_asked_to_stop_a_program_is_drained_before_it_hears_of_it():
    stop = Stop()
    written = carried()
    heard_before: list[str] = []

    def observe(event: events.AgentEvent) -> None:
        if isinstance(event, events.Output) and event.text == "up":
            stop.ask(signal.SIGTERM)
        if isinstance(event, events.Output) and event.text == "told":
            heard_before.extend(written.said)

    code = (
        "import signal, time\n"
        "def told(*_):\n    print('told')\n    raise SystemExit(5)\n"
        "signal.signal(signal.SIGTERM, told)\n"
        "print('up')\n"
        "while True: time.sleep(0.01)"
    )
    tenant = ProgramTenant(settings(command=python(code)), os.environ, observe, stop, lines=True)

    assert await tenant.live(written) == 5
    assert heard_before == ["healthy", "drain"]


async def test_while_the_proxy_restarts_the_program_takes_no_traffic():
    stop = Stop()
    written = carried()
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = (WorkloadPort(port=int(server.getsockname()[1])),)
        often = Health(tcp=TcpProbe(), interval="5ms")
        command = python("import time; time.sleep(60)")
        chosen = settings(command=command, ports=ports, health=often)
        tenant = ProgramTenant(chosen, os.environ, lambda _: None, stop)
        async with asyncio.TaskGroup() as group:
            living = group.create_task(tenant.live(written))
            while written.said != ["healthy"]:  # noqa: ASYNC110 - the tenant tells nobody else
                await asyncio.sleep(0.01)
            written.proxy_runs = False
            while len(written.said) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            stop.ask(signal.SIGKILL)
            assert await living == 128 + signal.SIGKILL

    assert written.said[1] == "the proxy restarts"


async def test_signals_reach_the_program():
    tenant: ProgramTenant

    def observe(event: events.AgentEvent) -> None:
        if isinstance(event, events.Output):
            tenant.forward(signal.SIGHUP)

    code = (
        "import signal, time\n"
        "def hup(*_):\n    raise SystemExit(3)\n"
        "signal.signal(signal.SIGHUP, hup)\n"
        "print('up')\n"
        "while True: time.sleep(0.01)"
    )
    tenant = ProgramTenant(settings(command=python(code)), os.environ, observe, Stop(), lines=True)

    assert await tenant.live(carried()) == 3


def test_a_command_that_does_not_exist_is_found_early():
    tenant = ProgramTenant(settings(command=("no-such",)), os.environ, lambda _: None, Stop())

    with pytest.raises(AgentError) as caught:
        tenant.check()

    assert caught.value.exit_code == 127


async def test_a_door_is_well_until_it_is_asked_to_stop():
    stop = Stop()
    written = carried()
    asyncio.get_running_loop().call_soon(stop.ask)
    tenant = NoTenant(1.0, stop)
    tenant.check()

    assert await asyncio.wait_for(tenant.live(written), 5) == 0
    assert written.said == ["healthy", "drain"]


async def test_who_lives_behind_a_proxy_follows_from_command_and_capture():
    def found(**more):
        return tenant_of(settings(**more), {}, print, Stop(), lines=False)

    in_namespace = Wish(mode=Mode.NETNS, namespace="blue")
    assert isinstance(found(), NoTenant)
    assert isinstance(found(command=("true",), capture=in_namespace), ProgramTenant)
    assert isinstance(found(capture=in_namespace), StandingTenant)
    of_nginx = Wish(mode=Mode.CGROUP, cgroup="system.slice/nginx.service")
    assert isinstance(found(capture=of_nginx), StandingTenant)
    with pytest.raises(AgentError, match="cgroup-with-program"):
        found(command=("true",), capture=of_nginx)
    with pytest.raises(AgentError, match="capture-without-program"):
        found(capture=Wish(mode=Mode.CGROUP))
