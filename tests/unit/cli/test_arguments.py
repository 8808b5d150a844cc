"""Parts of a command line that several commands share."""

import click
import pytest
from click.testing import CliRunner

from tulle.cli.arguments import Label, Seconds, complete_kinds, kind_named
from tulle.cli.errors import CliError
from tulle.model.kinds.http_route import HTTPRoute


@click.command()
@click.option("--for", "seconds", type=Seconds())
@click.option("--label", type=Label())
def command(seconds: float | None, label: tuple[str, str] | None) -> None:
    click.echo(f"{seconds} {label}")


def test_durations_are_seconds() -> None:
    assert CliRunner().invoke(command, ["--for", "1m30s"]).output == "90.0 None\n"


def test_labels_are_pairs() -> None:
    assert CliRunner().invoke(command, ["--label", "app=web"]).output == "None ('app', 'web')\n"


@pytest.mark.parametrize("arguments", [["--for", "20"], ["--for", "soon"], ["--label", "app"]])
def test_what_cannot_be_read_is_a_usage_error_that_shows_how(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 2
    assert "write" in result.output


@pytest.mark.parametrize("text", ["httproute", "httproutes", "HTTPRoute"])
def test_a_kind_has_several_names(text: str) -> None:
    assert kind_named(text) is HTTPRoute


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(CliError) as caught:
        kind_named("pod")

    assert "workloads" in caught.value.hint


def test_kinds_complete() -> None:
    found = complete_kinds(click.Context(command), command.params[0], "http")

    assert [item.value for item in found] == ["httproutes"]
