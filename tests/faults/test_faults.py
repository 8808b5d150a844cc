"""Every row of the table, each with all three protocols at once; see `table`."""

import os
import platform
import time
from collections.abc import Callable

import pytest
from tests.faults import conftest
from tests.faults.happening import happen
from tests.faults.page import Measured, page, rows_of
from tests.faults.place import Place
from tests.faults.table import ROWS, Row
from tests.faults.traffic import traffic
from tests.faults.verdicts import Outcome, complaints
from tests.faults.words import promise
from tests.mesh.meshes import ROOT

pytestmark = pytest.mark.timeout(240)

PAGE = ROOT / "docs" / "explanation" / "faults.md"


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_has_to_hold_holds(
    places: "conftest.Places", measured: Callable[[Measured], None], row: Row
) -> None:
    place = places.of(row.setting)
    with place.explained():
        outcome = run(row, place)
        measured(Measured(row, outcome))

        assert complaints(row, outcome) == []
        place.until_as_at_first()


def run(row: Row, place: Place) -> Outcome:
    """The fault under traffic, until all is well again."""
    with traffic(place) as tallies:
        ended = happen(row.fault, place, row.seed)
        place.until_well()
        place.change()
        recovered = time.monotonic()
    return Outcome(tallies, ended, recovered, place.closed_from)


def test_the_page_shows_the_table() -> None:
    """After the rows: `FAULTS=write` shows what they measured."""
    if os.environ.get("FAULTS") == "write":
        shown = [one.row for one in conftest.MEASURED]
        assert shown == list(ROWS), "the page shows the whole table or nothing: run all of it"
        PAGE.write_text(page(conftest.MEASURED, machine()))
    assert rows_of(PAGE.read_text()) == [(row.name, promise(row.holds)) for row in ROWS]


def machine() -> str:
    """What figures have to be read with."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    release = platform.release().split("-")[0]
    busy = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores, {memory_gb:.0f} GB, Linux {release}, Python {platform.python_version()}, "
        f"with a load average of {busy:.1f} over the last quarter of an hour"
    )
