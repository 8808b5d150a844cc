"""What `test_agent` does not reach: whose configuration of last time a proxy may start from."""

import os
from pathlib import Path

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
    sidecar(joined)
    content = (joined[0].path / "envoy.json").read_text()

    assert "shop/web-1" in content
    assert "PRIVATE" not in content
