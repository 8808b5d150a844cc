import msgspec
from tests.unit.agent.proxy.life.test_moves import LIFE

from tulle.agent.proxy.life.place import EnvoyPlace, has_memory, release_memory


def test_envoys_that_run_at_once_have_files_of_their_own(tmp_path):
    place = EnvoyPlace(tmp_path)
    numbers = range(7, 10)

    assert len({place.admin(number) for number in numbers}) == 3
    assert len({place.bootstrap(number) for number in numbers}) == 3
    assert all(str(place.bootstrap(n)).startswith(str(place.bootstraps)) for n in numbers)
    assert {place.admin(number) for number in numbers} <= set(place.admins)


def test_what_an_envoy_leaves_is_taken_away_and_its_heirs_is_not(tmp_path):
    place = EnvoyPlace(tmp_path)
    heir = msgspec.structs.replace(LIFE, number=8, epoch=1)
    for life in (LIFE, heir):
        place.admin(life.number).touch()
        place.bootstrap(life.number).touch()
        (tmp_path / f"hot_parent_{life.base_id}{life.epoch}").touch()
    place.point_at(heir.number)
    place.clean(LIFE)

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"admin-0.sock", "admin.sock", "envoy-0.json", "hot_parent_12341"}
    place.clean(heir)
    assert list(tmp_path.iterdir()) == []


def test_the_pointer_follows_who_serves(tmp_path):
    place = EnvoyPlace(tmp_path)
    for number in (7, 8):
        place.point_at(number)
        assert (tmp_path / "admin.sock").readlink().name == place.admin(number).name


def test_memory_is_known_by_its_base_id(tmp_path, monkeypatch):
    monkeypatch.setattr("tulle.agent.proxy.life.place._SHARED_MEMORY", tmp_path)
    (tmp_path / "envoy_shared_memory_12340").touch()
    assert has_memory(1234)
    assert not has_memory(1235)

    release_memory(1234)
    release_memory(1234)
    assert not has_memory(1234)
    monkeypatch.setattr("tulle.agent.proxy.life.place._SHARED_MEMORY", tmp_path / "none")
    assert has_memory(1234)  # where it cannot be seen, a hot restart is tried
