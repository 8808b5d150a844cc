import stat

import msgspec
from tests.unit.agent.proxy.life.test_moves import LIFE

from tulle.agent.programs.processes import Mark
from tulle.agent.proxy.life import record
from tulle.agent.proxy.life.moves import next_life


def test_what_is_saved_is_loaded_for_its_owner_alone(tmp_path):
    heir = next_life(LIFE, 8, LIFE.recipe)
    record.save(tmp_path, [LIFE, heir])

    assert record.load(tmp_path) == (LIFE, heir)
    assert stat.S_IMODE((tmp_path / record.RECORD).stat().st_mode) == 0o600


def test_nothing_to_know_leaves_no_file(tmp_path):
    record.save(tmp_path, [LIFE])
    record.save(tmp_path, [])

    assert list(tmp_path.iterdir()) == []
    assert record.load(tmp_path) == ()


def test_what_another_version_wrote_is_not_misread(tmp_path):
    for text in (b"", b"nonsense", b'{"format": 99, "lives": []}'):
        (tmp_path / record.RECORD).write_bytes(text)
        assert record.load(tmp_path) == ()


def test_a_mark_survives(tmp_path):
    marked = msgspec.structs.replace(LIFE, mark=Mark(12, "boot/345"))
    record.save(tmp_path, [marked])
    assert record.load(tmp_path) == (marked,)
