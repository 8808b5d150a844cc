"""Every code block of the tutorial and the how-to pages runs, in order, and prints what the page says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.pages import Reader

pytestmark = pytest.mark.timeout(300)

DOCS = Path(__file__).parent.parent.parent / "docs"
TUTORIAL = DOCS / "tutorial" / "first-mesh.md"
CHANGE_THE_HOST = {"capture-traffic", "put-a-vm-on-the-mesh"}
"""Pages a reader follows as root: they run on hosts of their own, in `capture.test_page` and `test_vm_page`."""
HOW_TO = sorted(page for page in (DOCS / "how-to").glob("*.md") if page.stem not in CHANGE_THE_HOST)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has done the tutorial, with its mesh still running."""
    reader = Reader(tmp_path_factory.mktemp("docs"))
    try:
        reader.follow(TUTORIAL)
        yield reader
    finally:
        reader.leave()


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_page_does_what_it_says(reader: Reader, page: Path) -> None:
    reader.follow(page)
