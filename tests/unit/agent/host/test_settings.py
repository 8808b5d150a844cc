import os
from pathlib import Path

from tulle.agent.host.settings import (
    SYSTEM_SOCKET,
    SYSTEM_STATE,
    SYSTEM_WORKLOADS,
    HostSettings,
    find_socket,
    host_settings,
)


def test_roots_agent_is_the_hosts():
    settings = host_settings({}, os.environ, 0)

    assert isinstance(settings, HostSettings)
    assert (settings.socket, settings.state_dir) == (SYSTEM_SOCKET, SYSTEM_STATE)
    assert settings.workloads == SYSTEM_WORKLOADS
    assert not settings.take_over


def test_a_users_agent_lives_in_the_users_own_places(tmp_path):
    environment = {
        **os.environ,
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    settings = host_settings({}, environment, 1000)

    assert isinstance(settings, HostSettings)
    assert settings.socket == tmp_path / "tulle" / "agent.sock"
    assert settings.state_dir == tmp_path / "state" / "tulle" / "agent"
    assert settings.workloads == tmp_path / "config" / "tulle" / "workloads.d"


def test_flags_win_over_the_environment(tmp_path):
    environment = {
        **os.environ,
        "TULLE_AGENT": "/a.sock",
        "TULLE_WORKLOADS": "/w",
        "TULLE_AGENT_GROUP": "mesh",
    }
    settings = host_settings({"socket": str(tmp_path / "s"), "take_over": True}, environment, 0)

    assert isinstance(settings, HostSettings)
    assert settings.socket == tmp_path / "s"
    assert settings.workloads == Path("/w")
    assert settings.group == "mesh"
    assert settings.take_over


def test_without_an_envoy_nothing_is_started(tmp_path):
    problems = host_settings({}, {"TULLE_ENVOY": str(tmp_path / "none")}, 0)

    assert not isinstance(problems, HostSettings)
    assert problems[0].code == "envoy-missing"


def test_a_user_joins_its_own_agent_where_there_is_one(tmp_path):
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    if not SYSTEM_SOCKET.exists():
        assert find_socket(environment, 1000) is None
    (tmp_path / "tulle").mkdir()
    (tmp_path / "tulle" / "agent.sock").touch()

    assert find_socket(environment, 1000) == tmp_path / "tulle" / "agent.sock"


def test_the_environment_names_an_agent(tmp_path):
    named = tmp_path / "a.sock"

    assert find_socket({"TULLE_AGENT": str(named)}, 0) == named
