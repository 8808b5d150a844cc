"""Flags on their way to the host's agent."""

import os
from pathlib import Path

from tulle.agent.host.words import AT_HOME, SHARED, settings_of, shared
from tulle.cli.run import command
from tulle.model.kinds.workload import Upstream, WorkloadPort
from tulle.settings import Address, AgentSettings, find_envoy

ENVOY = find_envoy(os.environ)
assert isinstance(ENVOY, Path)


def test_every_flag_of_tulle_run_is_the_agents_or_stays_at_home():
    """Whoever adds one has to say which."""
    names = {str(parameter.name) for parameter in command.params}

    assert names == AT_HOME | SHARED
    assert not AT_HOME & SHARED


def test_what_was_typed_and_what_the_environment_says_travels_together():
    flags = {"namespace": "shop", "port": ("http=80/http",), "upstream": (), "zone": None}
    environment = {"TULLE_JOIN_ADDRESS": "cp:15010", "TULLE_ZONE": "a", "TULLE_NAMESPACE": "x"}

    assert shared(flags, environment) == {
        "namespace": "shop",
        "port": ("http=80/http",),
        "server": "cp:15010",
        "zone": "a",
    }


def test_what_stays_at_home_does_not_travel():
    flags = {"command": ("sh", "-c", "x"), "token_file": "/t", "state_dir": "/s", "health": "tcp"}

    assert shared(flags, {"TULLE_TOKEN_FILE": "/t"}) == {}


def test_words_mean_at_the_agent_what_they_meant_where_they_were_typed(tmp_path):
    words = {
        "server": "10.0.0.1:15010",
        "namespace": "shop",
        "service_account": "web",
        "label": ("app=web",),
        "port": ("http=80/http",),
        "upstream": ("reviews:80=18080",),
    }
    settings = settings_of(words, tmp_path, ENVOY, tmp_path / "token")

    assert isinstance(settings, AgentSettings)
    assert settings.server == Address("10.0.0.1", 15010)
    assert settings.labels == {"app": "web"}
    assert settings.ports == (WorkloadPort(port=80, name="http", app_protocol="http"),)
    assert settings.upstreams == (Upstream(service="reviews", port=80, local_port=18080),)
    assert (settings.state_dir, settings.token_file) == (tmp_path, tmp_path / "token")
    assert settings.envoy == ENVOY


def test_the_agents_own_environment_says_nothing_of_workloads(tmp_path, monkeypatch):
    monkeypatch.setenv("TULLE_NAMESPACE", "agents")
    settings = settings_of({}, tmp_path, ENVOY, None)

    assert isinstance(settings, AgentSettings)
    assert settings.namespace == "default"


def test_a_flag_of_a_later_version_is_refused_not_ignored(tmp_path):
    problems = settings_of({"teleport": "yes"}, tmp_path, ENVOY, None)

    assert not isinstance(problems, AgentSettings)
    assert [problem.code for problem in problems] == ["flag-unknown"]


def test_words_nobody_would_have_let_through_are_problems_here_too(tmp_path):
    problems = settings_of({"port": ("x=y",)}, tmp_path, ENVOY, None)

    assert not isinstance(problems, AgentSettings)
    assert problems[0].code == "port-malformed"
