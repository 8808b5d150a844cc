"""What a run says when it is up, and when it did not get up. (Whole runs: tests/mesh/test_up.py.)"""

from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.cli.processes import replicas_of
from tulle.cli.up.entry import Entry
from tulle.cli.up.mesh import not_ready, way_in, write_private
from tulle.cli.up.plan import Launch
from tulle.cli.up.programs import Running
from tulle.graph.mesh import Protocol
from tulle.model.kinds.process import Process, ProcessSpec
from tulle.model.names import ServiceRef
from tulle.model.resources import Metadata


def running(name: str) -> Running:
    process = Process(metadata=Metadata(name=name, namespace="shop"), spec=ProcessSpec())
    return Running(Launch(replicas_of(process)[0], (), None))


def test_the_way_in_is_one_line_to_copy_and_others_follow() -> None:
    web = Entry(ServiceRef("shop", "web"), 80, 4000, Protocol.HTTP)
    database = Entry(ServiceRef("shop", "db"), 5432, 4001, Protocol.TCP)

    assert way_in([web, database]) == [
        "enter the mesh:  curl http://127.0.0.1:4000/",
        "  also shop/db: 127.0.0.1:4001",
    ]
    assert "no door" in way_in([])[0]


def test_a_program_that_did_not_start_is_shown_with_its_last_words() -> None:
    dead, ill, missing = running("dead"), running("ill"), running("missing")
    dead.ended, dead.exit_code = True, 1
    dead.last_lines.extend(["Traceback", "ValueError: no"])
    ill.reason = "port 80 refuses"
    missing.ended = True
    missing.error = AgentError("command-missing", "there is no command 'x'", "check its spelling")

    error = not_ready([dead, ill, missing])

    assert error.message.splitlines() == [
        "3 programs did not start:",
        "  shop/dead: ended with exit code 1",
        "    | Traceback",
        "    | ValueError: no",
        "  shop/ill: is not well: port 80 refuses",
        "  shop/missing: there is no command 'x' [command-missing]",
    ]
    assert error.hint == "check its spelling"


def test_many_that_did_not_start_stay_on_one_screen() -> None:
    late = [running(f"p{index}") for index in range(50)]
    for one in late:
        one.last_lines.extend(map(str, range(12)))

    assert len(not_ready(late).message.splitlines()) < 40
    assert "and 45 more" in not_ready(late).message


def test_secrets_are_their_owners_from_the_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_private(path, "secret")

    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_private(path, "another")
