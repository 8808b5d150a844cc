"""The page of commands is made from the commands, and up to date."""

import os
from pathlib import Path

import pytest
from tools import cli_reference

from tulle.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nobodys_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page may not depend on who makes it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nobody")
    monkeypatch.delenv("TULLE_SERVER", raising=False)


def test_the_reference_of_commands_says_what_the_commands_say() -> None:
    page = ROOT / cli_reference.PAGE
    if os.environ.get("GOLDEN") == "write":
        page.write_text(cli_reference.page())

    assert page.read_text() == cli_reference.page(), "run `make golden`"


def test_every_command_has_its_section() -> None:
    lines = cli_reference.page().splitlines()

    assert {f"## tulle {name}" for name in COMMANDS} <= set(lines)
    assert not [line for line in lines if "/nobody" in line]
