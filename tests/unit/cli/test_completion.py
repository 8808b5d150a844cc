"""Completion scripts."""

import pytest
from click.testing import CliRunner

from tulle.cli.completion import command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_that_asks_tulle(shell: str) -> None:
    result = CliRunner().invoke(command, [shell])

    assert result.exit_code == 0
    assert f"_TULLE_COMPLETE={shell}_complete" in result.output


def test_an_unknown_shell_is_a_usage_error() -> None:
    assert CliRunner().invoke(command, ["csh"]).exit_code == 2
