"""The how-to page on capture does what it says, on a namespace acting as the reader's host."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts import network
from tests.mesh.capture.field import tables
from tests.mesh.pages import Reader

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short one: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="docs") as made:
        yield Path(made)


@pytest.mark.timeout(120)
def test_the_page_does_what_it_says_and_leaves_the_host_as_it_was(folder: Path) -> None:
    with network("vm") as net:
        reader = Reader(folder, net["vm"].entry)
        try:
            reader.follow(DOCS / "tutorial" / "first-mesh.md")
            reader.follow(DOCS / "how-to" / "capture-traffic.md")
        finally:
            reader.leave()

        assert tables(net["vm"]) == []
