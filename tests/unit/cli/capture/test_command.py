import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tulle.agent.capture import captures, ledger, nft
from tulle.capture.records import Record
from tulle.capture.tables import Table, table_name
from tulle.cli.capture.command import command

NAME = table_name("/state/web")


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with one capture whose agent is gone; what `nft` would say and hear stands here."""
    monkeypatch.setattr(ledger, "FOLDER", tmp_path)
    monkeypatch.setattr(captures, "check_host", lambda: None)

    async def tables(netns: Path | None = None) -> tuple[Table, ...]:
        return (Table(NAME, 1, 2, 3),) if NAME not in removed else ()

    async def load(ruleset: str, netns: Path | None = None) -> None:
        removed.append(ruleset.rsplit(maxsplit=1)[-1])

    removed: list[str] = []
    monkeypatch.setattr(nft, "tables", tables)
    monkeypatch.setattr(nft, "load", load)
    ledger.write(
        Record(
            table=NAME,
            workload="shop/web",
            mode="cgroup",
            state_dir="/state/web",
            cgroup=str(tmp_path / "tree" / "tulle" / NAME),
            namespace=Path("/proc/self/ns/net").stat().st_ino if os.path.exists("/proc") else 0,  # noqa: PTH110
            outbound_port=15001,
            inbound_port=15006,
        )
    )


def run(*words: str) -> str:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_captures_are_shown_with_what_they_refused() -> None:
    lines = run("show").splitlines()

    assert lines[0].split() == [
        "WORKLOAD",
        "MODE",
        "STATE",
        "NETWORK",
        "PORTS",
        "REFUSED",
        "PROCESSES",
        "TABLE",
    ]
    assert "shop/web" in lines[1]
    assert "left behind" in lines[1]
    assert "1/2/3" in lines[1]


def test_programs_read_them_as_json() -> None:
    (shown,) = json.loads(run("show", "-o", "json"))["captures"]

    assert (shown["workload"], shown["state"], shown["table"]) == ("shop/web", "left behind", NAME)
    assert shown["refused"] == {"outbound": 1, "inbound": 2, "atProxy": 3}


def test_cleaning_says_what_it_removed_and_twice_is_once() -> None:
    assert run("clean", "--workload", "shop/other") == "nothing to clean\n"
    assert run("clean") == "removed shop/web (left behind)\n"
    assert run("clean", "--all") == "nothing to clean\n"


def test_a_plan_is_printed_and_nothing_done() -> None:
    text = run("plan", "--capture", "netns", "--exclude-outbound-port", "25")

    assert "tcp dport { 25 } accept" in text
    assert len(list(ledger.records())) == 1


def test_a_plan_of_flags_that_make_no_sense_says_why() -> None:
    done = CliRunner().invoke(command, ["plan", "--exclude-outbound-cidr", "x"])

    assert done.exit_code == 1
    assert "network-malformed" in done.output


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(captures.os, "geteuid", lambda: 1000)
    done = CliRunner().invoke(command, ["show"])

    assert done.exit_code == 1
    assert "capture-needs-root" in done.output
