import json
import logging
from collections.abc import Iterator

import pytest
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import workload

from tulle.cli.inspection.log import rows_of
from tulle.model.names import WorkloadRef


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    """The logger of this process is everybody's: it gets back what it had."""
    logger = logging.getLogger("tulle")
    before = logger.level
    yield
    logger.setLevel(before)


def test_the_servers_level_is_shown_and_changed(server: Server) -> None:
    changed = server.tulle("log", "level", "server", "error")
    shown = server.tulle("log", "level", "-o", "json")

    assert changed.exit_code == 0
    assert changed.stdout.split() == ["LOGGER", "LEVEL", "server", "error"]
    assert json.loads(shown.stdout) == {"levels": {"server": "error"}}


def test_a_workload_is_named_as_everywhere(server: Server) -> None:
    server.on_loop(server.api.apply(workload("web")))
    server.on_loop(server.api.published(1))
    server.api.fleet.levels[WorkloadRef("shop", "web")] = {"agent": "info", "envoy.http": "info"}

    shown = server.tulle("log", "level", "web", "debug", "envoy.http=trace", "-o", "json")

    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["levels"] == {
        "agent": "debug",
        "envoy": "debug",
        "envoy.http": "trace",
    }


def test_a_level_there_is_not_is_an_error(server: Server) -> None:
    result = server.tulle("log", "level", "server", "loud")

    assert result.exit_code == 1
    assert "loud" in result.output


def test_what_most_of_envoys_loggers_have_is_one_line() -> None:
    levels = {"agent": "info", "envoy.a": "warning", "envoy.b": "warning", "envoy.http": "debug"}

    assert rows_of(levels) == [("agent", "info"), ("envoy", "warning"), ("envoy.http", "debug")]
    assert rows_of({"server": "info"}) == [("server", "info")]
