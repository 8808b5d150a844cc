"""The meshes of the suite, and the table of what its rows measured at the end of a run."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from tests.faults.page import Measured, in_terminal
from tests.faults.place import HOSTS, Place
from tests.faults.words import Setting
from tests.hosts import network

SHORT_LIVED = """
apiVersion: tulle.dev/v1
kind: Mesh
metadata: {name: default}
spec: {certificates: {lifetime: 40s}}
"""

MEASURED: list[Measured] = []


class Places:
    """One mesh at a time: rows of one setting stand together in the table."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._stack = contextlib.ExitStack()
        self._running: tuple[Setting, Place] | None = None

    def of(self, setting: Setting) -> Place:
        """The mesh of a setting, running and well."""
        if self._running is None or self._running[0] != setting:
            self.end()
            self._running = setting, self._start(setting)
        return self._running[1]

    def end(self) -> None:
        self._running = None
        self._stack.close()

    def _start(self, setting: Setting) -> Place:
        net = self._stack.enter_context(network(*HOSTS, private=True))
        place = Place(self._factory.mktemp(setting), net=net, setting=setting)
        self._stack.callback(place.end)
        place.start_server()
        if setting == "short-lived":
            place.apply(SHORT_LIVED)
        place.start_workloads()
        return place


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    made = Places(tmp_path_factory)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="session")
def measured() -> Callable[[Measured], None]:
    """Where a row puts what it measured."""
    return MEASURED.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in in_terminal(MEASURED):
        terminalreporter.write_line(line)
