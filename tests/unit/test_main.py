"""The control plane as a whole: it starts, stops, and continues where it was, whatever ended it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from tests.unit.reconcile.meshes import service

from tulle.api.errors import SocketError
from tulle.codec import encode
from tulle.main import Running, problem_of, run_control_plane
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service
from tulle.model.names import AccountRef
from tulle.model.problems import Problem
from tulle.pki.tokens import Token, read_token
from tulle.settings import Address, ServerSettings
from tulle.store.errors import StoreInUse

WAIT_S = 30.0
ANYWHERE = Address("127.0.0.1", 0)


def settings(folder: Path, name: str = "data", join: Address = ANYWHERE) -> ServerSettings:
    return ServerSettings(
        data_dir=folder / name,
        api_socket=folder / "api.sock",
        join_address=join,
        xds_address=ANYWHERE,
    )


@asynccontextmanager
async def running(chosen: ServerSettings) -> AsyncIterator[Running]:
    """A control plane in this process; stopped by cancelling, as the shell does it."""
    started: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(run_control_plane(chosen, started.set_result))
        yield await started
        task.cancel()


async def bundle_of(plane: Running) -> tuple[str, ...]:
    mesh = (await plane.store.world()).get(Mesh, "", "default")
    assert mesh is not None
    return mesh.status.trust_bundle


async def apply(path: Path, *resources: Service) -> None:
    body = {"resources": [encode.to_object(resource) for resource in resources]}
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client,
        client.post("http://tulle/tulle/v1/apply", json=body) as response,
    ):
        assert response.status == 200, await response.text()


async def names(path: Path) -> list[str]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client,
        client.get("http://tulle/api/v1/services") as response,
    ):
        return [item["metadata"]["name"] for item in (await response.json())["items"]]


def accepts(address: Address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address.host, address.port)) == 0


async def test_it_listens_where_it_says(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as plane:
        assert plane.join_address.port != plane.xds_address.port
        assert accepts(plane.join_address)
        assert accepts(plane.xds_address)
        assert await names(plane.api_socket) == []


async def test_after_a_stop_nothing_listens_and_nothing_is_locked(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as plane:
        join, path = plane.join_address, plane.api_socket

    assert not accepts(join)
    assert not path.exists()


async def test_started_again_on_its_data_it_continues(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as plane:
        await apply(plane.api_socket, service("a"), service("b"))
        roots = await bundle_of(plane)
        token = await plane.mint.new(AccountRef("shop", "a"), {})

    async with running(settings(tmp_path)) as plane:
        assert await bundle_of(plane) == roots
        assert await names(plane.api_socket) == ["a", "b"]
        read = read_token(token)
        assert isinstance(read, Token)
        assert read.root_pem == roots[0]
        assert await plane.store.take_token(read.id, read.secret_hash, 0.0) is not None


async def test_what_is_applied_is_published(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as plane:
        await apply(plane.api_socket, service("a"))
        revision = (await plane.store.world()).revision

        assert (await plane.publisher.settled(revision, WAIT_S)).everywhere
        assert plane.reconciler.compiled.graph.services


async def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    async with running(settings(tmp_path)) as plane:
        with pytest.raises(StoreInUse, match="another server"):
            await run_control_plane(settings(tmp_path), lambda _: None)

        assert await names(plane.api_socket) == []


async def test_a_taken_port_names_its_flag_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        chosen = settings(tmp_path, join=Address("127.0.0.1", taken.getsockname()[1]))
        with pytest.raises(Exception, match="port-taken") as caught:
            await run_control_plane(chosen, lambda _: None)

    problem = problem_of(caught.value)
    assert problem is not None
    assert (problem.path, problem.code) == ("--join-address", "port-taken")
    assert not chosen.api_socket.exists()
    async with running(settings(tmp_path)):
        pass


async def test_a_taken_socket_ends_it_with_the_reason(tmp_path: Path) -> None:
    async with running(settings(tmp_path)):
        with pytest.raises(SocketError) as caught:
            await run_control_plane(settings(tmp_path, "other"), lambda _: None)

    problem = problem_of(caught.value)
    assert problem is not None
    assert problem.code == "socket-taken"


def test_the_reason_is_found_inside_groups() -> None:
    error = StoreInUse("taken", "wait")
    group = ExceptionGroup("x", [ValueError(), ExceptionGroup("y", [error])])

    assert problem_of(group) == Problem("", "store-in-use", "taken", "wait")
    assert problem_of(ValueError()) is None


@asynccontextmanager
async def server_process(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`tulle server` as a process of its own, its API answering."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tulle", "server",
        "--data-dir", str(folder / "data"), "--api-socket", str(folder / "api.sock"),
        "--join-address", "127.0.0.1:0", "--xds-address", "127.0.0.1:0",
        env={**os.environ, "NO_COLOR": "1"}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        async with asyncio.timeout(WAIT_S):
            while b"the API listens" not in await process.stderr.readline():
                assert process.returncode is None
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_killed_with_minus_nine_it_loses_nothing_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "api.sock"
    async with server_process(tmp_path) as process:
        await apply(path, service("a"), service("b"))
        process.kill()
        await process.wait()
    assert path.exists()  # a dead server's socket, in nobody's way

    async with server_process(tmp_path) as process:
        assert await names(path) == ["a", "b"]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WAIT_S):
            assert await process.wait() == 0
    assert not path.exists()
