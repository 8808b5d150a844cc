import os
import socket
import sys

import pytest

from tulle.agent.host.peers import Peer, may_command, may_see, network, objection, peer_of

ROOT, AGENT, OTHER = Peer(1, 0), Peer(2, 1000), Peer(3, 1001)


@pytest.mark.skipif(sys.platform != "linux", reason="only its kernel tells")
def test_the_kernel_says_who_is_at_the_other_end():
    one, two = socket.socketpair()
    with one, two:
        assert peer_of(one) == Peer(os.getpid(), os.getuid())


def test_only_root_and_the_agents_user_command_it():
    assert may_command(ROOT, 1000)
    assert may_command(AGENT, 1000)
    assert not may_command(OTHER, 1000)


def test_a_user_sees_its_own_workloads():
    assert may_see(OTHER, 0, 1001)
    assert not may_see(OTHER, 0, 1002)
    assert may_see(ROOT, 1000, 1001)
    assert may_see(AGENT, 1000, 1001)


def test_roots_agent_does_for_a_user_what_that_may_do_itself():
    assert objection(OTHER, 0, {"namespace": "shop"}, [18080]) is None


@pytest.mark.parametrize("word", ["capture", "netns"])
def test_a_user_names_nobodys_place(word):
    problem = objection(OTHER, 0, {word: "system.slice/nginx.service"}, [])

    assert problem
    assert problem.code == "needs-root"
    assert objection(ROOT, 0, {word: "system.slice/nginx.service"}, []) is None


def test_a_user_is_not_captured_by_root():
    problem = objection(OTHER, 0, {"capture": "cgroup"}, [])

    assert problem
    assert problem.code == "needs-root"
    assert objection(OTHER, 0, {"capture": "none"}, []) is None
    assert objection(ROOT, 0, {"capture": "cgroup"}, []) is None


def test_a_user_gets_no_privileged_port_from_root():
    problem = objection(OTHER, 0, {}, [18080, 443])

    assert problem
    assert "443" in problem.message
    assert objection(AGENT, 1000, {}, [443]) is None, "its own agent cannot do more than itself"


def test_a_process_the_agent_cannot_see_is_not_carried():
    problem = objection(Peer(0, 0), 0, {}, [])

    assert problem
    assert problem.code == "process-unseen"


@pytest.mark.skipif(sys.platform != "linux", reason="there are no network namespaces")
def test_a_network_is_told_from_another():
    assert network() == network(os.getpid()) != ""
    assert network(2**22 + 1) == ""


@pytest.mark.parametrize("mode", ["host", "resolv-conf"])
def test_a_user_gets_no_name_server_on_the_privileged_port_from_root(mode):
    problem = objection(OTHER, 0, {"dns": mode}, [])

    assert problem
    assert problem.code == "needs-root"
    assert objection(OTHER, 0, {"dns": "port"}, []) is None
    assert objection(ROOT, 0, {"dns": mode}, []) is None
