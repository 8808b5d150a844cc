"""What `test_agent` does not reach: whose configuration of last time a proxy may start from."""

import os
from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.control.test_identity import Keeping
from tests.unit.agent.control_plane import control_plane

from tulle.agent.proxy import cache
from tulle.agent.sidecar import Sidecar, _cache_key
from tulle.agent.state import StateDir
from tulle.model.wire import Register
from tulle.settings import AgentSettings, find_envoy
from tulle.xds.snapshots import XdsSnapshot

ENVOY = find_envoy(os.environ)
assert isinstance(ENVOY, Path)

REGISTER = Register(address="127.0.0.1", mtls_port=20001)


@pytest.fixture
async def joined(tmp_path):
    """A state folder and the keeper of an identity in it."""
    async with control_plane(tmp_path) as plane:
        with StateDir(tmp_path / "state") as state:
            keeper = Keeping(plane, state, token_file=plane.token()).keeper
            await keeper.obtain()
            yield state, keeper


def sidecar(joined, register: Register = REGISTER) -> Sidecar:
    state, keeper = joined
    settings = AgentSettings(server=None, state_dir=state.path, envoy=ENVOY)
    return Sidecar(settings, state, keeper, register, lambda _: None)


async def test_it_starts_from_what_it_saved_on_the_same_ports(joined):
    state, keeper = joined
    cache.save(state, _cache_key(keeper.current, REGISTER), XdsSnapshot())

    assert sidecar(joined)._has_cache


async def test_a_configuration_for_other_ports_is_of_no_use(joined):
    state, keeper = joined
    cache.save(state, _cache_key(keeper.current, REGISTER), XdsSnapshot())

    assert not sidecar(joined, Register(address="127.0.0.1", mtls_port=20002))._has_cache


async def test_envoys_file_names_the_workload_and_holds_no_key(joined):
    content = sidecar(joined).envoy.wanted.bootstrap.content("/run/admin.sock")

    assert b"shop/web-1" in content
    assert b"PRIVATE" not in content


async def test_an_envoy_of_another_version_starts_from_the_same_configuration(joined):
    state, keeper = joined
    cache.save(state, _cache_key(keeper.current, REGISTER), XdsSnapshot())

    newer = msgspec.structs.replace(REGISTER, proxy_version="9.9.9", healthy=True)
    assert sidecar(joined, newer)._has_cache


async def test_an_heir_waits_for_what_it_has_to_be_told(joined, monkeypatch):
    monkeypatch.setattr("tulle.agent.sidecar._PATIENCE_S", 0.01)
    assert "no configuration" in await sidecar(joined).prepared()

    state, keeper = joined
    cache.save(state, _cache_key(keeper.current, REGISTER), XdsSnapshot())
    assert await sidecar(joined).prepared() == ""
