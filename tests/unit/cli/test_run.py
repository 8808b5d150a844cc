"""How `tulle run` reads its words, and what it says. (Whole runs: tests/mesh/test_agent.py.)"""

import pytest

from tulle.agent.events import AgentEvent, HealthChanged, Notice, ProxyReady, Started
from tulle.cli.run import _show, command
from tulle.model.kinds.workload import BoundUpstream
from tulle.settings import ANY_PORT

REVIEWS = BoundUpstream(service="reviews", namespace="shop", port=80, local_port=20000)


def said(event: AgentEvent) -> list[str]:
    lines: list[str] = []
    _show(event, lines.append)
    return lines


@pytest.mark.parametrize(
    ("words", "port"),
    [
        (["--", "python", "x.py"], None),
        (["--http-proxy", "--", "python", "x.py"], ANY_PORT),
        (["--http-proxy=18000", "python", "x.py"], "18000"),
        (["--http-proxy", "--zone", "a", "python", "x.py"], ANY_PORT),
    ],
)
def test_the_port_for_requests_by_name_may_be_left_out(words: list[str], port: str | None) -> None:
    read = command.make_context("run", words).params

    assert read["http_proxy"] == port
    assert read["command"] == ("python", "x.py")


def test_a_proxy_that_is_ready_says_where_its_upstreams_are() -> None:
    assert said(ProxyReady(15009, (REVIEWS,))) == ["127.0.0.1:20000 leads to shop/reviews:80"]
    assert said(ProxyReady(15009, (), 18000)) == [
        "http://127.0.0.1:18000 leads to them by name (HTTP_PROXY)"
    ]


def test_what_the_program_shows_itself_is_not_said_again() -> None:
    assert said(Started(4711)) == []
    assert said(Notice("the control plane is back")) == ["the control plane is back"]
    assert said(HealthChanged(healthy=False, reason="port 80 refuses")) == [
        "takes no traffic: port 80 refuses"
    ]
