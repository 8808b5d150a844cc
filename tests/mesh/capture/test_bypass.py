"""A captured program that wants out, and a neighbour that wants in: what they may try without privileges."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import PUPPET, PYTHON, TELL, Field, Puppet, field_of
from tests.mesh.meshes import wait_until

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

NOBODY = "65534"
CLOSED = {"closed", "ECONNRESET", "ECONNREFUSED"}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "one", "two") as made:
        made.service("web", "http:80:8000")
        made.service("other", "http:80:8001")
        yield made


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """Where programs of any user may put their sockets; pytest's own folders are root's alone."""
    with tempfile.TemporaryDirectory(prefix="tulle-room-") as folder:
        Path(folder).chmod(0o777)
        for script in (PUPPET[1], TELL[1]):
            shutil.copy(script, folder)
        yield Path(folder)


@pytest.fixture(scope="module")
def web(field: Field, room: Path) -> Puppet:
    """Runs as nobody, with no capability."""
    return unprivileged(field, room, "web", 8000)


@pytest.fixture(scope="module")
def other(field: Field, room: Path) -> Puppet:
    return unprivileged(field, room, "other", 8001)


def unprivileged(field: Field, room: Path, name: str, port: int) -> Puppet:
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    bare = ("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
    puppet = (PYTHON, str(room / "puppet.py"))
    command = (*drop, *bare, *puppet, str(room / name), f"http:{port}")
    flags = ("--capture", "cgroup", "-p", f"http={port}/http")
    process = field.join(field.net["one"], name, *flags, command=command)
    field.ready(name)
    wait_until((room / name).exists, f"{name} listens")
    state_dir = field.folder / f"state-{name}"
    return Puppet(name, process, room / name, state_dir, (PYTHON, str(room / "tell.py")))


@pytest.fixture(scope="module")
def outside(field: Field) -> Puppet:
    return field.stranger(field.net["two"], "outside", "banner:7000", "banner:7001@::", "udp:7002")


@pytest.mark.parametrize(
    "trick",
    [
        (),
        ("from=20",),
        ("from=15001",),
        ("from=53",),
        ("mark=1",),
        ("mark=1337",),
    ],
    ids=lambda trick: " ".join(trick) or "nothing",
)
def test_whatever_a_program_does_with_its_socket_its_proxy_carries_it(
    field: Field, web: Puppet, outside: Puppet, trick: tuple[str, ...]
) -> None:
    before = web.passed_through()
    for address, port in ((field.net["two"].ipv4, "7000"), (field.net["two"].ipv6, "7001")):
        said = web.tell(*trick, address, port)
        # Either it got there by the proxy, or it is not even allowed to try.
        assert said in {"outside ready", "EPERM", "EACCES"}, said
        if said == "outside ready":
            before += 1
    assert web.passed_through() == before


def test_ipv4_in_ipv6_is_carried_too(field: Field, web: Puppet, outside: Puppet) -> None:
    before = web.passed_through()

    assert web.tell(f"::ffff:{field.net['two'].ipv4}", "7000") == "outside ready"
    assert web.passed_through() == before + 1


def test_a_program_cannot_leave_its_control_group(field: Field, web: Puppet) -> None:
    place = web.do("cat", "/proc/self/cgroup").splitlines()[-1].removeprefix("0::")
    tree = (
        "/sys/fs/cgroup/unified"
        if "unified" in web.do("ls", "/sys/fs/cgroup")
        else "/sys/fs/cgroup"
    )
    assert place.endswith("/program")

    for target in (tree, f"{tree}{place}/../proxy", f"{tree}{place}/.."):
        escape = f"echo $$ > {target}/cgroup.procs"
        assert web.do("sh", "-c", f"{escape} 2>/dev/null && echo out", check=False) == ""
    assert web.do("sh", "-c", f"mkdir {tree}{place}/x 2>/dev/null && echo made", check=False) == ""


def test_a_program_cannot_touch_the_rules_or_enter_another_network(
    field: Field, web: Puppet
) -> None:
    tables = field.net["one"].run("nft", "list", "ruleset").stdout

    assert web.do("nft", "flush", "ruleset", check=False) == ""
    assert web.do("sh", "-c", "unshare --net true 2>/dev/null && echo out", check=False) == ""
    assert field.net["one"].run("nft", "list", "ruleset").stdout.count("chain") == tables.count(
        "chain"
    )


def test_children_and_daemons_of_a_program_are_captured_with_it(
    field: Field, web: Puppet, outside: Puppet
) -> None:
    before = web.passed_through()
    script = f"setsid -w {' '.join(web.teller)} {field.net['two'].ipv4} 7000"

    assert web.do("sh", "-c", script) == "outside ready"
    assert web.passed_through() == before + 1


def test_two_captured_programs_of_one_host_meet_through_their_proxies_only(
    field: Field, web: Puppet, other: Puppet
) -> None:
    field.settled()
    virtual, _ = field.addresses("other")
    direct = ("127.0.0.1", "127.0.0.2", field.net["one"].ipv4, "::1", field.net["one"].ipv6)

    assert "other 8001" in web.curl(f"http://{virtual}/")
    for address in direct:
        assert web.tell("say=GET / HTTP/1.0\r\n\r\n", address, "8001") in CLOSED, address


def test_a_neighbour_that_marks_its_packets_is_not_believed(field: Field, web: Puppet) -> None:
    """Root's, with a mark it had to guess; the right one is in no file others can read."""
    hello = "say=GET / HTTP/1.0\r\n\r\n"
    token = int((web.state_dir / "capture.token").read_text())
    assert (web.state_dir / "capture.token").stat().st_mode & 0o777 == 0o600
    here = field.net["one"]

    guesses = [here.run(*TELL, f"mark={mark}", hello, "127.0.0.1", "8000") for mark in (1, 0x1337)]
    assert {done.stdout.strip() for done in guesses} <= CLOSED
    caps = ("--inh-caps=+net_raw,+net_admin", "--ambient-caps=+net_raw,+net_admin")
    entry = (*here.entry, "setpriv", "--reuid=1000", "--clear-groups", *caps)
    done = subprocess.run(
        [*entry, *TELL, f"mark={token}", hello, "127.0.0.1", "8000"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.stdout.strip() in CLOSED, "knowing the mark is not enough without being root"


def test_udp_of_captured_programs_is_their_own(field: Field, web: Puppet, outside: Puppet) -> None:
    two = field.net["two"].ipv4

    assert web.tell("udp=1", "from=7777", "say=x", two, "7002") == "x from 7777"
