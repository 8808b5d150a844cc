import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import hosts
from tests.hosts import Host, Network, network
from tests.tunnel import Shape


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    with network("vm", "db") as made:
        yield made


@contextlib.contextmanager
def listening(host: Host) -> Iterator[tuple[socket.socket, tuple[str, int]]]:
    """A UDP socket of a host and its address."""
    with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((host.ipv4, 0))
        listener.settimeout(5)
        yield listener, listener.getsockname()


def passes(source: Host, target: Host) -> bool:
    """Whether a datagram from one host arrives at another; in a whole second it does not at all."""
    with listening(target) as (listener, address):
        listener.settimeout(1)
        with source.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", address)
        with contextlib.suppress(TimeoutError):
            return listener.recv(100) == b"hello"
        return False


def ping(source: Host, address: str) -> bool:
    """Whether TCP gets an answer, if only a refusal."""
    with source.inside():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            try:
                probe.connect((address, 9))
            except ConnectionRefusedError:
                return True
            except OSError:
                return False
            return True


def test_hosts_reach_each_other_and_themselves_by_both_families(net: Network) -> None:
    vm, db = net["vm"], net["db"]

    for address in (db.ipv4, db.ipv6, vm.ipv4, "127.0.0.1", "::1"):
        assert ping(vm, address), address


def test_an_address_nobody_has_is_refused_at_once_and_not_for_want_of_a_route(net: Network) -> None:
    """As on a host with a router: captured traffic to a virtual address needs a route to be captured on."""
    routes = net["vm"].run("ip", "route", "get", "240.0.0.1").stdout

    assert "via 10.77.0.254" in routes
    assert not ping(net["vm"], "240.0.0.1")


def test_nothing_of_it_is_seen_outside(net: Network) -> None:
    shown = subprocess.run(["ip", "address"], capture_output=True, text=True, check=True).stdout

    assert "10.77.0" not in shown
    assert "fd77" not in shown


def test_a_command_in_a_host_sees_the_groups_of_the_machine(net: Network) -> None:
    here = sorted(path.name for path in Path("/sys/fs/cgroup").iterdir())

    assert net["vm"].run("ls", "/sys/fs/cgroup").stdout.split() == here


def test_a_started_command_is_the_process_that_is_returned(net: Network) -> None:
    process = net["vm"].popen("sleep", "60")
    try:
        assert wait_for(lambda: process.pid in net["vm"].pids())
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object]) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return True
    return False


def test_a_cut_is_both_ways_or_one_way_and_ends(net: Network) -> None:
    vm, db = net["vm"], net["db"]
    with net.cut("vm", "db"):
        assert (passes(vm, db), passes(db, vm)) == (False, False)
    with net.cut("vm", "db", one_way=True):
        assert (passes(vm, db), passes(db, vm)) == (False, True)

    assert (passes(vm, db), passes(db, vm)) == (True, True)
    assert net["db"].run("nft", "list", "ruleset").stdout == ""


def test_a_slow_link_delays_loses_and_is_gone_afterwards(net: Network) -> None:
    vm, db = net["vm"], net["db"]
    with net.slow("vm", "db", Shape(delay_s=0.2), seed=1) as link:
        start = time.monotonic()
        assert passes(vm, db)
        assert time.monotonic() - start >= 0.2
        assert ping(vm, db.ipv6)
        link.shape(Shape(loss=1.0))
        assert not passes(vm, db)

    assert passes(vm, db)
    assert "slow" not in vm.run("ip", "route").stdout


def test_the_same_seed_loses_the_same_datagrams(net: Network) -> None:
    first, second, other = (survivors(net, seed) for seed in (1, 1, 2))

    assert first == second
    assert first != other
    assert 0 < len(first) < 200


def survivors(net: Network, seed: int) -> list[int]:
    """Of 200 numbered datagrams, those that arrive over a link that loses a third."""
    vm, db = net["vm"], net["db"]
    with net.slow("vm", "db", Shape(loss=0.33), seed=seed) as link, listening(db) as (ear, to):
        with vm.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            for number in range(200):
                mouth.sendto(str(number).encode(), to)
            link.shape(Shape())  # answered once it has taken what came before
            mouth.sendto(b"end", to)
        return [int(word) for word in iter(lambda: ear.recv(100), b"end")]


def test_everything_is_gone_after_a_failure() -> None:
    def fail() -> None:
        with network("a", "b", private=True) as net:
            made.extend(path for path in hosts.NAMESPACES.glob("*") if net.switch[:-6] in path.name)
            started.append(net["a"].popen("sleep", "60"))
            raise RuntimeError("a test failed")

    made: list[Path] = []
    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(RuntimeError, match="a test failed"):
        fail()

    assert len(made) == 3
    assert not any(path.exists() for path in made)
    assert started[0].wait(5) == -9


def test_what_a_killed_run_left_is_swept_and_what_a_running_one_made_stays(net: Network) -> None:
    code = (
        "import os, signal, subprocess as sp\nfrom tests.hosts import network\n"
        "with network('a', private=True) as net:\n"
        "    sleeper = net['a'].popen('sleep', '60', stdout=sp.DEVNULL, stderr=sp.DEVNULL)\n"
        "    print(net['a'].namespace, sleeper.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    words = [sys.executable, "-c", code]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    namespace, sleeper = said.split()
    swept = hosts.sweep()

    assert namespace in swept
    assert net["vm"].namespace not in swept
    assert wait_for(lambda: has_ended(sleeper))
    assert (hosts.NAMESPACES / net["vm"].namespace).exists()


def has_ended(pid: str) -> bool:
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_private_host_has_a_name_and_folders_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o750)
    (folder / "resolv.conf").write_text("of the machine")
    with network("a", "b", private=True) as net:
        net["a"].own(str(folder))
        net["b"].own(str(folder), copy=False)
        net["a"].run(
            "sh", "-c", f"echo changed > {folder}/new && mv {folder}/new {folder}/resolv.conf"
        )

        assert net["a"].run("hostname").stdout == "a\n"
        assert net["a"].run("pwd").stdout == f"{Path.cwd()}\n"
        assert net["a"].run("cat", f"{folder}/resolv.conf").stdout == "changed\n"
        assert net["b"].run("ls", str(folder)).stdout == ""
        assert net["a"].run("stat", "-c", "%a", str(folder)).stdout == "750\n"
    assert (folder / "resolv.conf").read_text() == "of the machine"


def test_where_there_can_be_no_hosts_tests_are_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="need root"), network("a"):
        pass


def test_in_ci_nothing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("CI", "1")

    with pytest.raises(AssertionError, match="need root"), network("a"):
        pass
