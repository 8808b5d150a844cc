from ipaddress import ip_network

import pytest

from tulle.capture import wishes
from tulle.capture.plans import Exclusions
from tulle.capture.wishes import Mode, Wish, check_wish
from tulle.model.kinds.workload import ProbePort, WorkloadPort
from tulle.model.problems import Problem

PORTS = (WorkloadPort(port=8080),)


def codes(wish: Wish) -> list[str]:
    return [problem.code for problem in check_wish(wish, PORTS)]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (wishes.parse_mode, "CGROUP", Mode.CGROUP),
        (wishes.parse_namespace, "blue", "blue"),
        (wishes.parse_namespace, "/proc/7/ns/net", "/proc/7/ns/net"),
        (wishes.parse_cgroup, "/system.slice/nginx.service", "system.slice/nginx.service"),
        (wishes.parse_cgroup, "system.slice/a@b.service/", "system.slice/a@b.service"),
        (wishes.parse_excluded_port, "65535", 65535),
        (wishes.parse_network, "10.1.2.3/8", ip_network("10.0.0.0/8")),
        (wishes.parse_network, "fd00::1", ip_network("fd00::1/128")),
        (wishes.parse_user, "www-data", "www-data"),
        (wishes.parse_user, "33", "33"),
        (wishes.parse_probe, "15021=8080", ProbePort(port=15021, program_port=8080)),
        (
            wishes.parse_probe,
            "15021=8080/healthz?x=1",
            ProbePort(port=15021, program_port=8080, path="/healthz?x=1"),
        ),
    ],
)
def test_what_is_well_written_is_read(read, text, value) -> None:  # type: ignore[no-untyped-def]
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (wishes.parse_mode, "all", "capture-mode-unknown"),
        (wishes.parse_namespace, "a/b", "netns-malformed"),
        (wishes.parse_namespace, "..", "netns-malformed"),
        (wishes.parse_cgroup, "/", "cgroup-malformed"),
        (wishes.parse_cgroup, "system.slice/../x", "cgroup-malformed"),
        (wishes.parse_cgroup, 'a" drop', "cgroup-malformed"),
        (wishes.parse_excluded_port, "0", "port-malformed"),
        (wishes.parse_network, "10.0.0.0/33", "network-malformed"),
        (wishes.parse_user, "a b", "user-malformed"),
        (wishes.parse_probe, "15021", "probe-malformed"),
        (wishes.parse_probe, "0=1/", "probe-malformed"),
    ],
)
def test_what_is_not_says_how_it_is_written(read, text, code) -> None:  # type: ignore[no-untyped-def]
    problem = read(text)

    assert isinstance(problem, Problem)
    assert problem.code == code
    assert problem.hint.startswith("write it like")


def test_a_wish_that_fits_together_has_no_problem() -> None:
    probe = ProbePort(port=15021, program_port=8080)

    assert codes(Wish()) == []
    assert codes(Wish(mode=Mode.CGROUP, probes=(probe,))) == []
    assert codes(Wish(mode=Mode.NETNS, namespace="blue")) == []
    assert codes(Wish(mode=Mode.CGROUP, cgroup="system.slice/nginx.service")) == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(exclusions=Exclusions(outbound_ports=(25,))), "not-captured"),
        (Wish(users=("root",)), "not-captured"),
        (Wish(mode=Mode.NETNS), "netns-missing"),
        (Wish(cgroup="a.slice"), "not-captured"),
        (Wish(mode=Mode.NETNS, namespace="blue", cgroup="a.slice"), "cgroup-unused"),
        (Wish(mode=Mode.CGROUP, namespace="blue"), "netns-unused"),
        (
            Wish(mode=Mode.CGROUP, probes=(ProbePort(port=1, program_port=2),)),
            "probe-port-unknown",
        ),
        (
            Wish(mode=Mode.CGROUP, probes=(ProbePort(port=8080, program_port=8080),)),
            "port-conflict",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(wish: Wish, code: str) -> None:
    assert code in codes(wish)
