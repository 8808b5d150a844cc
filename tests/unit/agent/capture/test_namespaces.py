import socket
from pathlib import Path

import pytest
from tests.hosts import network

from tulle.agent.capture import namespaces
from tulle.agent.errors import AgentError
from tulle.capture.wishes import NOT_CAPTURED, Mode, Wish


def test_a_socket_belongs_where_it_was_made_and_the_thread_comes_back() -> None:
    before = namespaces.here()
    with network("vm") as net:
        found = namespaces.find(net["vm"].namespace)
        with namespaces.entered(found.path):
            mine = socket.create_server((net["vm"].ipv4, 0))

        assert found.number != before == namespaces.here()
        with mine:
            assert net["vm"].ipv4 in net["vm"].run("ss", "-Hltn").stdout


def test_a_thread_comes_back_after_an_error_too() -> None:
    before = namespaces.here()
    with network("vm") as net:
        path = namespaces.find(net["vm"].namespace).path
        with pytest.raises(RuntimeError), namespaces.entered(path):
            raise RuntimeError

    assert namespaces.here() == before


@pytest.mark.parametrize("text", ["tulle-none-such", "/proc/none/ns/net", "/etc/hostname"])
def test_what_is_no_namespace_says_where_to_find_some(text: str) -> None:
    with pytest.raises(AgentError, match="netns-unknown") as caught:
        namespaces.find(text)

    assert "ip netns" in caught.value.problem.hint


def test_who_names_none_stays() -> None:
    before = namespaces.here()
    with namespaces.entered(None), namespaces.network_of(NOT_CAPTURED):
        assert namespaces.here() == before


def test_the_network_of_a_wish_is_the_namespace_it_names() -> None:
    with network("vm") as net:
        name = net["vm"].namespace
        with namespaces.network_of(Wish(mode=Mode.NETNS, namespace=name)):
            inside = namespaces.here()

        assert inside == namespaces.find(str(Path("/run/netns") / name)).number


def test_every_namespace_somebody_lives_in_or_has_named_is_found() -> None:
    with network("vm") as net:
        number = namespaces.find(net["vm"].namespace).number
        found = namespaces.existing()

    assert namespaces.here() in found
    assert number in found
    assert number not in namespaces.existing()
