"""What becomes of rules when things end: in order, by force, and by hand."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.capture.field import TELL, Field, Puppet, field_of, tables
from tests.mesh.meshes import wait_until

pytestmark = pytest.mark.timeout(180)  # real meshes on a busy machine

CAPTURED = ("--capture", "cgroup", "-p", "http=8000/http")
HELLO = "say=GET / HTTP/1.0\r\n\r\n"
TREES = (Path("/sys/fs/cgroup/unified/tulle"), Path("/sys/fs/cgroup/tulle"))


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of(tmp_path_factory.mktemp("f"), "one", "two") as made:
        made.stranger(made.net["two"], "outside", "banner:7000")
        yield made


def cgroup_of(table: str) -> list[Path]:
    return [tree / table for tree in TREES if (tree / table).exists()]


def children(puppet: Puppet) -> dict[str, int]:
    """The agent's Envoy and program, by what they run."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(puppet.socket).encode() in words and b"puppet.py" in words[1]:
            found["program"] = int(process.name)
        if words[0].endswith(b"/envoy") and any(
            str(puppet.state_dir).encode() in one for one in words
        ):
            found["envoy"] = int(process.name)
    return found


def test_an_orderly_end_leaves_no_table_no_control_group_and_no_record(field: Field) -> None:
    one = field.net["one"]
    web = field.puppet(one, "web", *CAPTURED, serves=("http:8000",))
    (table,) = tables(one)
    assert cgroup_of(table)
    assert field.captures(one)[named(field, "web")]["state"] == "active"

    web.process.signal(signal.SIGTERM)
    web.process.wait()

    assert tables(one) == []
    assert cgroup_of(table) == []
    assert not any(shown["table"] == table for shown in field.captures(one).values())
    assert one.run("nft", "list", "ruleset").stdout == ""


def named(field: Field, account: str) -> str:
    return f"test/{field.workloads(account)[0]['metadata']['name']}"


def test_what_a_killed_agent_leaves_captures_on_and_clean_takes_it_away(field: Field) -> None:
    one = field.net["one"]
    web = field.puppet(one, "killed", *CAPTURED, serves=("http:8000",))
    (table,) = tables(one)
    name = named(field, "killed")
    os.kill(web.process.popen.pid, signal.SIGKILL)
    web.process.wait()
    wait_until(lambda: field.captures(one)[name]["processes"] == 0, "its processes are gone")

    assert tables(one) == [table]
    assert field.captures(one)[name]["state"] == "left behind"
    for _ in range(2):
        field.capture(one, "clean", "--workload", name)
        assert tables(one) == []
        assert name not in field.captures(one)
    assert cgroup_of(table) == []


def test_a_program_that_survives_its_agent_reaches_nothing_and_nobody_reaches_it(
    field: Field,
) -> None:
    """Closed, as the page on capture says: its rules lead to a proxy that is dead."""
    one = field.net["one"]
    stubborn = (
        "trap '' TERM; while :; do "
        f"{' '.join(TELL)} {field.net['two'].ipv4} 7000 > $1.new; mv $1.new $1; sleep 0.2; done"
    )
    told = field.folder / "told"
    process = field.join(
        one, "stubborn", *CAPTURED, command=("sh", "-c", stubborn, "sh", str(told))
    )
    wait_until(lambda: told.exists() and "outside ready" in told.read_text(), "it gets through")
    name = named(field, "stubborn")

    process.popen.kill()
    process.wait()
    wait_until(lambda: "REFUSED" in told.read_text(), "it is closed")
    assert field.captures(one)[name]["state"] == "unattended"
    assert field.capture(one, "clean", "--workload", name).stdout == "nothing to clean\n"

    field.capture(one, "clean", "--workload", name, "--all")
    wait_until(lambda: "outside ready" in told.read_text(), "it is let out")
    held = field.captures(one)[name]
    assert (held["hasRules"], held["processes"] > 0) == (False, True)
    for folder in TREES:
        kill = folder / held["table"] / "program" / "cgroup.kill"
        if kill.exists():
            kill.write_text("1")
    wait_until(lambda: field.captures(one)[name]["processes"] == 0, "it is gone")
    field.capture(one, "clean", "--workload", name)


def test_without_its_envoy_a_program_reaches_nothing_until_the_next_one_serves(
    field: Field,
) -> None:
    one, two = field.net["one"], field.net["two"]
    web = field.puppet(one, "alone", *CAPTURED, serves=("http:8000",))
    assert web.tell(two.ipv4, "7000") == "outside ready"
    envoy = children(web)["envoy"]

    os.kill(envoy, signal.SIGSTOP)
    try:
        assert web.tell("say=x", two.ipv4, "7000") == "silence"
    finally:
        with contextlib.suppress(ProcessLookupError):  # its agent may be tired of it already
            os.kill(envoy, signal.SIGKILL)
    wait_until(lambda: web.tell(two.ipv4, "7000") == "outside ready", "the next Envoy serves")
    assert one.run(*TELL, HELLO, "127.0.0.1", "8000").stdout.strip() in {"closed", "ECONNRESET"}
    web.process.end()


def test_an_agent_that_starts_again_replaces_what_the_killed_one_left(field: Field) -> None:
    one = field.net["one"]
    first = field.puppet(one, "again", *CAPTURED, serves=("http:8000",))
    before = tables(one)
    first.process.popen.kill()
    first.process.wait()
    first.socket.unlink()

    second = field.puppet(one, "again", *CAPTURED, serves=("http:8000",))

    assert tables(one) == before
    assert second.tell(field.net["two"].ipv4, "7000") == "outside ready"
    second.process.end()
    assert tables(one) == []


def test_what_others_wrote_into_nftables_stays(field: Field) -> None:
    one = field.net["one"]
    theirs = "table inet theirs {\n\tchain input {\n\t\ttype filter hook input priority 0; }\n}\n"
    one.run("nft", "-f", "-", input=theirs)
    web = field.puppet(one, "guest", *CAPTURED, serves=("http:8000",))
    web.process.end()

    assert "table inet theirs" in one.run("nft", "list", "tables").stdout
    one.run("nft", "delete", "table", "inet", "theirs")


def test_a_program_excludes_what_its_flags_say(field: Field) -> None:
    one, two = field.net["one"], field.net["two"]
    out = field.stranger(two, "seen", "http:7100", "http:7101")
    web = field.puppet(
        one,
        "partly",
        *CAPTURED,
        *("--exclude-outbound-port", "7100", "--exclude-user", "1234"),
        serves=("http:8000",),
    )
    envoy = children(web)["envoy"]
    os.kill(envoy, signal.SIGSTOP)  # what still gets through goes past it
    try:
        assert "seen 7100" in web.curl(f"http://{two.ipv4}:7100/")
        assert "seen" not in web.curl(f"http://{two.ipv4}:7101/", "--max-time", "1")
        as_user = ("setpriv", "--reuid=1234", "--clear-groups")
        said = web.do(*as_user, "curl", "-sS", f"http://{two.ipv4}:7101/", check=False)
        assert "seen 7101" in said
    finally:
        os.kill(envoy, signal.SIGCONT)
    web.process.end()
    out.process.end()


def test_a_namespace_that_is_not_there_is_told_before_a_token_is_used_up(field: Field) -> None:
    missing = field.join(field.net["one"], "lost", "--capture", "netns", "--netns", "none-such")

    assert missing.wait() == 1
    assert "netns-unknown" in missing.text()
