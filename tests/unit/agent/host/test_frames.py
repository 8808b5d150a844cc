"""The protocol between the host's agent and who comes to it: what travels, and what another version may say."""

import pytest

from tulle.agent.host import frames
from tulle.agent.tenants import Given

SAID = (
    frames.Join(version="1.0", words={"namespace": "shop", "port": ("http=80",)}, token="t0k3n"),
    frames.Health(healthy=False, reason="GET / answered 500"),
    frames.Leave(deadline_s=2.5, drain=True),
    frames.Hurry(),
    frames.Goodbye(),
    frames.Ask(),
    frames.HandOver(),
    frames.End(),
)
ANSWERED = (
    frames.Welcome(version="1.0", software="0.1.0", pid=7, uid=0, network="4026531840"),
    frames.Told(text="waiting"),
    frames.JoinedMesh(namespace="shop", workload="web-1", cached=True),
    frames.Ready(given=Given(http_proxy_port=3128)),
    frames.ProxyRuns(runs=False),
    frames.HasLeft(),
    frames.Dismissed(),
    frames.Denied(code="needs-root", message="no", hint="ask", exit_code=3),
    frames.HandingOver(),
)


@pytest.mark.parametrize("frame", SAID, ids=lambda frame: type(frame).__name__)
def test_what_is_said_to_the_agent_arrives(frame):
    line = frames.encode(frame)

    assert line.count(b"\n") == 1
    assert frames.read_to_agent(line) == frame


@pytest.mark.parametrize("frame", ANSWERED, ids=lambda frame: type(frame).__name__)
def test_what_the_agent_says_arrives(frame):
    assert frames.read_from_host(frames.encode(frame)) == frame


def test_a_field_of_a_later_version_is_ignored():
    assert frames.read_to_agent(b'{"type":"hurry","by":5}') == frames.Hurry()


def test_a_frame_of_a_later_version_is_none():
    assert frames.read_to_agent(b'{"type":"sing","song":"x"}') is None


@pytest.mark.parametrize("line", [b"", b"hello", b"[]", b'{"type":"leave"}', b'{"type":7}'])
def test_what_is_no_frame_of_any_version_is_refused(line):
    with pytest.raises(frames.MalformedError):
        frames.read_to_agent(line)


@pytest.mark.parametrize(
    ("version", "fits"), [("1.0", True), ("1.7", True), ("2.0", False), ("1", False), ("x", False)]
)
def test_another_minor_is_understood_and_another_major_is_not(version, fits):
    assert frames.is_compatible(version) is fits


def test_a_token_is_in_nobodys_log():
    assert "t0k3n" not in repr(SAID[0])
