from pathlib import Path

import msgspec
import pytest

from tulle.agent.capture import ledger
from tulle.agent.errors import AgentError
from tulle.agent.state import StateDir
from tulle.capture.records import Record
from tulle.capture.tables import table_name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "run" / "capture"
    monkeypatch.setattr(ledger, "FOLDER", place)
    return place


def record(state_dir: Path) -> Record:
    return Record(
        table=table_name(str(state_dir)),
        workload="shop/web",
        mode="cgroup",
        state_dir=str(state_dir),
        cgroup="/sys/fs/cgroup/tulle/x",
        namespace=1,
        outbound_port=1,
        inbound_port=2,
    )


def test_what_was_written_is_read_until_it_is_removed(tmp_path: Path, folder: Path) -> None:
    one = record(tmp_path)
    ledger.write(one)
    ledger.write(one)

    assert list(ledger.records()) == [one]
    assert folder.stat().st_mode & 0o777 == 0o700
    ledger.remove(one.table)
    ledger.remove(one.table)
    assert list(ledger.records()) == []


def test_without_a_folder_there_are_none() -> None:
    assert list(ledger.records()) == []


def test_a_record_nobody_can_read_or_of_another_name_costs_only_itself(
    tmp_path: Path, folder: Path
) -> None:
    one = record(tmp_path)
    ledger.write(one)
    (folder / f"{table_name('other')}.json").write_bytes(msgspec.json.encode(one))
    (folder / f"{table_name('third')}.json").write_text("{")

    assert list(ledger.records()) == [one]


def test_an_agent_lives_as_long_as_it_holds_its_folder(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    one = record(tmp_path / "state")

    assert ledger.is_living(one)
    assert ledger.is_living(one)  # looking takes nothing
    state.close()
    assert not ledger.is_living(one)
    assert not ledger.is_living(record(tmp_path / "nowhere"))


def test_a_record_that_cannot_be_kept_is_an_error(tmp_path: Path, folder: Path) -> None:
    folder.parent.write_text("a file")

    with pytest.raises(AgentError, match="capture-unrecorded"):
        ledger.write(record(tmp_path))
