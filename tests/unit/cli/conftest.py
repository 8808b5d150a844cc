"""A server for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.cli.servers import Server, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as made:
        yield made
