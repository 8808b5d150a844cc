import os
from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.proxy.life.binary import look_at, objection, proxy_version, stamp_of
from tulle.settings import find_envoy
from tulle.xds.bootstrap import Bootstrap

BINARY = find_envoy(os.environ)
assert isinstance(BINARY, Path)


async def test_the_binary_says_its_version_and_whom_it_understands():
    found = await look_at(BINARY)

    assert found.version.startswith("1.")
    assert found.hot_restart
    assert found.path == str(BINARY)


async def test_a_binary_that_is_no_envoy_is_named():
    with pytest.raises(AgentError) as caught:
        await proxy_version(Path("/bin/true"))

    assert caught.value.problem.code == "envoy-unusable"


async def test_a_file_that_changed_is_looked_at_anew(tmp_path):
    binary = tmp_path / "envoy"
    binary.symlink_to(BINARY)
    before = await look_at(binary)
    binary.unlink()
    binary.write_text('#!/bin/sh\necho "/9.8.7/Clean"\n')
    binary.chmod(0o700)
    after = await look_at(binary)

    assert (before.version, after.version) != (after.version, before.version)
    assert after.version == "9.8.7"
    assert before.stamp != after.stamp


def test_a_file_that_is_away_has_no_stamp(tmp_path):
    assert stamp_of(tmp_path / "none") == ""


async def test_it_says_what_it_does_not_like_about_a_bootstrap(tmp_path):
    file = tmp_path / "envoy.json"
    proxy = Bootstrap(node_id="a/b", cluster="c", agent_socket="/nowhere")
    file.write_bytes(proxy.content(str(tmp_path / "admin.sock")))
    assert await objection(BINARY, file) == ""

    file.write_text('{"nonsense": 1}')
    assert "nonsense" in await objection(BINARY, file)
