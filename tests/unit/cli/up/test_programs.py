"""What is known of a program while it runs. (Whole runs: tests/mesh/test_up.py.)"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

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
from tulle.cli.answers import Edge
from tulle.cli.processes import replicas_of
from tulle.cli.up.plan import Launch
from tulle.cli.up.programs import Programs, Running, program_environment
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.names import WorkloadRef
from tulle.model.resources import Metadata
from tulle.settings import Address, AgentSettings


class Lines:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, name: str, text: str) -> None:
        self.said.append(f"{name} | {text}")

    def edges(self, edges: Sequence[Edge]) -> None:
        pass


def made(*, logs: bool = False) -> tuple[Programs, Running, Lines]:
    process = Process(metadata=Metadata(name="web", namespace="shop"), spec=ProcessSpec())
    lines = Lines()
    programs = Programs(lines, {}, logs=logs)
    running = Running(Launch(replicas_of(process)[0], (), None))
    programs.all.append(running)
    return programs, running, lines


def tell(programs: Programs, running: Running, *events: AgentEvent) -> None:
    for event in events:
        programs._on_event(running, event)


def test_what_a_program_is_at_is_known_at_every_step() -> None:
    programs, running, _ = made()
    steps = []
    for event in (
        Joined(WorkloadRef("shop", "web"), cached=False),
        ProxyReady(()),
        Started(1),
        HealthChanged(False, "port 80 refuses"),
        HealthChanged(True, ""),
    ):
        tell(programs, running, event)
        steps.append(running.reason)

    assert steps == ["waiting for its proxy", "starting", "starting", "port 80 refuses", ""]
    assert running.was_healthy


def test_illness_is_news_only_after_health() -> None:
    programs, running, lines = made()
    tell(programs, running, HealthChanged(False, "starts"), HealthChanged(True, ""))
    assert lines.said == []

    tell(programs, running, HealthChanged(False, "503"), HealthChanged(True, ""))
    assert lines.said == ["shop/web is not well: 503", "shop/web is well again"]


def test_output_is_kept_for_later_and_shown_only_when_asked_for() -> None:
    quiet, running, silent = made()
    tell(quiet, running, *(Output("stdout", str(n)) for n in range(100)))
    assert silent.said == []
    assert running.last_lines[-1] == "99"
    assert len(running.last_lines) == 12

    loud, other, lines = made(logs=True)
    tell(loud, other, Output("stderr", "hello"))
    assert lines.said == ["shop/web | hello"]


def test_notices_and_exit_codes_are_told() -> None:
    programs, running, lines = made()

    tell(programs, running, Notice("the control plane is away"), Exited(3))

    assert lines.said == ["shop/web: the control plane is away"]
    assert running.exit_code == 3


async def test_what_cannot_start_stays_with_its_program(tmp_path: Path) -> None:
    programs, known, _ = made()
    settings = AgentSettings(
        server=Address("127.0.0.1", 1),
        state_dir=tmp_path / "w0",
        envoy=Path("/bin/true"),
        command=("no-such-command-anywhere",),
    )

    running = programs.add(known.launch)

    await programs.run(running, settings)

    assert running.error is not None
    assert running.error.problem.code == "command-missing"
    assert running.failed


async def test_waiting_ends_when_everybody_is_gone() -> None:
    programs, running, _ = made()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(programs.ended([running]))
        running.ended = True
        tell(programs, running, Exited(0))

    assert waiting.done()


def test_python_programs_write_lines_as_they_come_unless_told_otherwise() -> None:
    assert program_environment({"A": "b"}) == {"PYTHONUNBUFFERED": "1", "A": "b"}
    assert program_environment({"PYTHONUNBUFFERED": ""})["PYTHONUNBUFFERED"] == ""
