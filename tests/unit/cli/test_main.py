"""The table of commands, and how little starting costs."""

import subprocess
import sys

import click
import pytest

from tulle import __version__
from tulle.cli import version
from tulle.cli.main import COMMANDS, cli, main

HEAVY = (
    "aiohttp",
    "asyncio",
    "cryptography",
    "google.protobuf",
    "grpc",
    "jsonschema_rs",
    "msgspec",
    "rich",
    "uvloop",
    "yaml",
)


def loaded_by(*arguments: str) -> set[str]:
    """The heavy modules a command line loads in a process of its own."""
    code = (
        "import sys; from tulle.cli.main import main; "
        f"main({list(arguments)!r}); "
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    modules = set(done.stdout.partition("LOADED")[2].split())
    assert "click" in modules
    return {name for name in HEAVY if name in modules}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["version"], ["completion", "zsh"]]
)
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(*arguments) == set()


def test_help_names_every_command_in_its_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    shown = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert f"  {name} " in shown
        assert entry.summary in " ".join(shown.split())
        assert f"{entry.section}:" in shown


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_of_the_table_is_there_and_explains_itself(name: str) -> None:
    context = click.Context(cli)

    command = cli.get_command(context, name)

    assert command is not None
    assert command.name == name
    assert command.help


def test_a_misspelt_command_is_a_usage_error_that_names_the_right_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["aply"]) == 2

    assert "apply" in capsys.readouterr().err


def test_what_nobody_foresaw_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise KeyError("nobody")

    monkeypatch.delenv("TULLE_DEBUG", raising=False)
    monkeypatch.setattr(version.command, "callback", fail)

    assert main(["version"]) == 1

    shown = capsys.readouterr().err
    assert "KeyError: 'nobody' [internal-error]" in shown
    assert "Traceback" not in shown


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"tulle {__version__}\n"


def test_names_of_commands_complete_without_loading_them() -> None:
    code = "from tulle.cli.main import main; main([])"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        env={"_TULLE_COMPLETE": "bash_complete", "COMP_WORDS": "tulle de", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.stdout.split() == ["plain,describe", "plain,delete"]
    assert "msgspec" not in done.stderr
