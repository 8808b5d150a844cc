"""`tulle run`: what it says before there is an agent, and of what an agent tells. (The rest: tests/mesh/test_agent.py.)"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.agent.events import (
    AgentEvent,
    Exited,
    HealthChanged,
    Joined,
    Notice,
    Output,
    ProxyReady,
    Started,
)
from tulle.cli import run
from tulle.cli.run import command
from tulle.model.kinds.workload import BoundUpstream
from tulle.model.names import WorkloadRef
from tulle.settings import Address, AgentSettings

WEB = WorkloadRef("shop", "web-1")
REVIEWS = BoundUpstream(service="reviews", namespace="shop", port=80, local_port=18080)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder; nothing of the agent's settings comes from outside."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("TULLE_ENVOY", raising=False)
    return tmp_path / "state"


@pytest.fixture
def logs() -> Iterator[None]:
    """Logs go where they went before, afterwards."""
    root = logging.getLogger()
    kept, level = root.handlers[:], logging.getLogger("tulle").level
    yield
    root.handlers[:] = kept
    logging.getLogger("tulle").setLevel(level)
    logging.captureWarnings(False)


def started(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--state-dir", str(folder), *arguments])


def test_all_that_is_wrong_with_its_flags_is_told_at_once_and_nothing_is_started(
    folder: Path,
) -> None:
    result = started(folder, "--port", "x=y", "--upstream", "reviews", "--", "true")

    assert result.exit_code == 1
    assert "--port: 'x=y' is not a port" in result.stderr
    assert "--upstream: 'reviews' is not an upstream" in result.stderr
    assert result.stderr.splitlines()[-1] == "Error: 2 errors; nothing was started"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("program", "code", "word"), [("none", 127, "command-missing"), ("file", 126, "not-executable")]
)
def test_a_command_that_cannot_run_ends_with_the_code_of_a_shell(
    folder: Path, tmp_path: Path, program: str, code: int, word: str
) -> None:
    (tmp_path / "file").touch(0o600)

    result = started(folder, "--", str(tmp_path / program))

    assert result.exit_code == code
    assert f"{word}]" in result.stderr
    assert "Traceback" not in result.output


def test_options_after_the_command_are_the_commands(folder: Path) -> None:
    result = started(folder, "/no/such/program", "--port", "nonsense")

    assert result.exit_code == 127


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Notice("look here"), ["look here"]),
        (Joined(WEB, cached=False), ["shop/web-1 joined"]),
        (Joined(WEB, cached=True), ["shop/web-1, with its certificate of last time"]),
        (ProxyReady((REVIEWS,)), ["127.0.0.1:18080 leads to shop/reviews:80"]),
        (
            ProxyReady((), 18081),
            ["http://127.0.0.1:18081 leads to them by name (HTTP_PROXY)"],
        ),
        (HealthChanged(True, ""), ["takes traffic"]),
        (HealthChanged(False, "it listens nowhere"), ["takes no traffic: it listens nowhere"]),
        (Started(7), []),
        (Output("stdout", "hello"), []),
        (Exited(0), []),
    ],
)
def test_what_an_agent_tells_is_said_in_a_line_and_what_the_program_shows_is_not(
    event: AgentEvent, said: list[str]
) -> None:
    lines: list[str] = []

    run._show(event, lines.append)

    assert lines == said


def settings(folder: Path, log_format: str) -> AgentSettings:
    return AgentSettings(
        server=Address("127.0.0.1", 1),
        state_dir=folder,
        envoy=Path("/envoy"),
        log_format="json" if log_format == "json" else "human",
    )


def test_sentences_are_one_line_each_on_stderr_without_secrets(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run._sayer(settings(folder, "human"), {})("Envoy said:\nBearer abc and tulle1.secret")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "tulle: Envoy said:\\nBearer (redacted) and (redacted)\n"


@pytest.mark.usefixtures("logs")
def test_programs_get_them_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run._sayer(settings(folder, "json"), {})("takes traffic")

    line = json.loads(capsys.readouterr().err)
    assert (line["message"], line["level"]) == ("takes traffic", "info")
