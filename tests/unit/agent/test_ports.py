import socket
import sys

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.ports import (
    LOOPBACK,
    PortBook,
    address_towards,
    check_address,
    check_http_proxy_port,
    check_program_ports,
    check_upstream_ports,
)
from tulle.agent.state import StateDir
from tulle.model.kinds.workload import (
    BoundCapture,
    BoundPort,
    BoundUpstream,
    HttpProxy,
    Upstream,
    WorkloadPort,
)


@pytest.fixture
def state(tmp_path):
    with StateDir(tmp_path) as state:
        yield state


@pytest.fixture
def taken():
    """A port somebody listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def test_every_listener_has_a_port_of_its_own(state):
    with PortBook(state, LOOPBACK) as book:
        mtls = book.mtls()
        (plaintext,) = book.plaintext([WorkloadPort(port=9080)])
        bound = book.upstreams(
            [Upstream(service="a", port=80), Upstream(service="a", port=81)], "shop"
        )

    ports = {mtls, plaintext.proxy_port, *(upstream.local_port for upstream in bound)}
    assert len(ports) == 4
    assert plaintext == BoundPort(port=9080, proxy_port=plaintext.proxy_port)
    assert bound[0] == BoundUpstream(
        service="a", namespace="shop", port=80, local_port=bound[0].local_port
    )


def test_an_upstream_gets_the_port_it_asks_for(state):
    port = free_port()
    with PortBook(state, LOOPBACK) as book:
        (bound,) = book.upstreams([Upstream(service="a", port=80, local_port=port)], "shop")

    assert bound.local_port == port


def test_a_port_somebody_has_is_named_with_who_asked(state, taken):
    with PortBook(state, LOOPBACK) as book, pytest.raises(AgentError) as caught:
        book.upstreams([Upstream(service="reviews", port=80, local_port=taken)], "shop")

    assert caught.value.problem.code == "port-taken"
    assert (
        f"port {taken}, asked for by --upstream reviews:80={taken}" in caught.value.problem.message
    )


def test_after_a_restart_the_ports_are_the_same(state):
    upstreams = [Upstream(service="a", port=80)]
    ports = [WorkloadPort(port=9080)]
    seen = []
    for _ in range(2):
        with PortBook(state, LOOPBACK) as book:
            seen.append((book.mtls(), book.plaintext(ports), book.upstreams(upstreams, "shop")))
            book.save()

    assert seen[0] == seen[1]


def test_a_remembered_port_somebody_took_meanwhile_is_replaced(state):
    with PortBook(state, LOOPBACK) as book:
        first = book.mtls()
        book.save()
    with socket.socket() as listener:
        listener.bind((LOOPBACK, first))
        listener.listen()
        with PortBook(state, LOOPBACK) as book:
            assert book.mtls() != first


def test_a_damaged_memory_is_no_obstacle(state):
    state.write("ports.json", b'{"mtls": "x"')

    with PortBook(state, LOOPBACK) as book:
        assert book.mtls() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there ports are held for Envoy")
def test_a_port_in_a_book_is_given_to_nobody_else_but_envoy_may_have_it(state):
    with PortBook(state, LOOPBACK) as book:
        mtls = book.mtls()

        with socket.socket() as program, pytest.raises(OSError, match="in use"):
            program.bind((LOOPBACK, mtls))
        with socket.socket() as envoy:
            envoy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            envoy.bind((LOOPBACK, mtls))
            envoy.listen()
            with socket.create_connection((LOOPBACK, mtls)):
                accepted, _ = envoy.accept()
                accepted.close()


def test_what_a_book_held_is_free_when_it_is_closed(state):
    with PortBook(state, LOOPBACK) as book:
        mtls = book.mtls()
    with socket.socket() as program:
        program.bind((LOOPBACK, mtls))


def test_a_port_the_program_wants_is_never_given_to_its_proxy(state):
    wanted_by_program = {port for port in range(65536) if port % 3}
    with PortBook(state, LOOPBACK, avoid=wanted_by_program) as book:
        assert book.mtls() % 3 == 0


def test_a_program_port_in_use_is_found_before_the_program_starts(taken):
    with pytest.raises(AgentError) as caught:
        check_program_ports([WorkloadPort(port=taken, name="web")])

    assert caught.value.problem.code == "port-taken"
    assert f"--port web={taken}" in caught.value.problem.message


def test_a_free_program_port_is_left_free():
    port = free_port()
    check_program_ports([WorkloadPort(port=port)])
    with socket.socket() as program:
        program.bind((LOOPBACK, port))


def test_a_chosen_upstream_port_in_use_is_found_before_anybody_joins(taken):
    with pytest.raises(AgentError) as caught:
        check_upstream_ports([Upstream(service="a", port=80, local_port=taken)])

    assert caught.value.problem.code == "port-taken"
    assert f"--upstream a:80={taken}" in caught.value.problem.message


def test_upstream_ports_nobody_chose_and_free_ones_are_fine():
    check_upstream_ports(
        [Upstream(service="a", port=80), Upstream(service="b", port=80, local_port=free_port())]
    )


def test_requests_by_name_take_a_port_only_where_asked_for(state):
    with PortBook(state, LOOPBACK) as book:
        assert book.http_proxy(None) is None
        book.save()
    assert state.read("ports.json") == b"{}"


def test_the_port_for_requests_by_name_is_any_free_one_and_stays_the_same(state):
    seen = []
    for _ in range(2):
        with PortBook(state, LOOPBACK) as book:
            seen.append(book.http_proxy(HttpProxy()))
            book.save()

    assert seen[0] == seen[1]
    assert seen[0]


def test_the_port_for_requests_by_name_is_the_one_asked_for(state):
    port = free_port()
    with PortBook(state, LOOPBACK) as book:
        assert book.http_proxy(HttpProxy(port=port)) == port


def test_a_chosen_port_for_requests_by_name_in_use_is_found_before_anybody_joins(taken):
    with pytest.raises(AgentError) as caught:
        check_http_proxy_port(HttpProxy(port=taken))

    assert caught.value.problem.code == "port-taken"
    assert f"--http-proxy={taken}" in caught.value.problem.message
    check_http_proxy_port(None)
    check_http_proxy_port(HttpProxy())


def test_a_chosen_address_of_another_machine_is_found_before_anybody_joins():
    with pytest.raises(AgentError) as caught:
        check_address("192.0.2.1")

    assert caught.value.problem.code == "address-not-local"


def test_an_address_of_this_machine_or_none_is_fine():
    check_address(LOOPBACK)
    check_address("")


def test_an_address_of_another_machine_is_refused(state):
    with PortBook(state, "192.0.2.1") as book, pytest.raises(AgentError) as caught:
        book.mtls()

    assert caught.value.problem.code == "address-not-local"


def test_an_address_that_is_none_is_told_as_one(state):
    with PortBook(state, "no such address") as book, pytest.raises(AgentError) as caught:
        book.mtls()

    assert caught.value.problem.code == "address-not-local"
    assert "--address" in caught.value.problem.message


def test_the_way_to_a_local_control_plane_starts_here():
    assert address_towards("127.0.0.1") == "127.0.0.1"


def test_a_host_nobody_knows_asks_for_the_address():
    with pytest.raises(AgentError) as caught:
        address_towards("no-such-host.invalid")

    assert "--address" in caught.value.problem.hint


def test_captured_connections_arrive_at_ports_kept_over_a_restart(state: StateDir) -> None:
    with PortBook(state, LOOPBACK) as book:
        outbound, inbound, _ = book.captured(own_network=False)
        book.save()
    with PortBook(state, LOOPBACK) as again:
        assert again.captured(own_network=False)[:2] == (outbound, inbound)


def test_a_captured_port_is_free_in_both_families(state: StateDir) -> None:
    with PortBook(state, LOOPBACK) as book:
        first, _, ipv6 = book.captured(own_network=False)
        book.save()
    if not ipv6:
        pytest.skip("this host has no IPv6")
    with (
        socket.create_server(("::1", first), family=socket.AF_INET6),
        PortBook(state, LOOPBACK) as book,
    ):
        assert book.captured(own_network=False)[0] != first


def test_captured_plaintext_arrives_at_one_port_for_all(state: StateDir) -> None:
    capture = BoundCapture(mode="cgroup", outbound_port=1, inbound_port=2)
    with PortBook(state, LOOPBACK) as book:
        bound = book.plaintext([WorkloadPort(port=80), WorkloadPort(port=81)], capture)

    assert bound == (BoundPort(port=80, proxy_port=2), BoundPort(port=81, proxy_port=2))


def test_an_envoy_that_was_adopted_keeps_its_ports_though_it_listens_on_them(state):
    asked = Upstream(service="b", port=80, local_port=free_port())
    with PortBook(state, LOOPBACK) as book:
        mtls = book.mtls()
        book.save()
    with (
        socket.create_server((LOOPBACK, mtls)),
        socket.create_server((LOOPBACK, asked.local_port)),
    ):
        with PortBook(state, LOOPBACK, adopted=True) as book:
            assert book.mtls() == mtls
            assert book.upstreams([asked], "shop")[0].local_port == asked.local_port
        with PortBook(state, LOOPBACK) as book:
            assert book.mtls() != mtls


def test_a_port_somebody_else_holds_is_remembered_for_the_next_start(state):
    with PortBook(state, "127.0.0.1") as book:
        assert book.last("dns") == 0
        book.note("dns", 15053)
        book.save()
    with PortBook(state, "127.0.0.1") as book:
        assert book.last("dns") == 15053
