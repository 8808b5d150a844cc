import pytest

from tulle.agent.proxy import cache
from tulle.agent.state import StateDir
from tulle.xds.snapshots import TypeUrl, XdsResource, XdsSnapshot, snapshot_of

SNAPSHOT = snapshot_of(
    [
        (TypeUrl.CLUSTER, XdsResource("b", "2", b"\x12\x00\xff")),
        (TypeUrl.CLUSTER, XdsResource("a", "1", b"")),
        (TypeUrl.LISTENER, XdsResource("l", "3", b"xyz")),
    ]
)


@pytest.fixture
def state(tmp_path):
    with StateDir(tmp_path) as state:
        yield state


def test_what_was_saved_is_loaded(state):
    cache.save(state, "shop/web-1", SNAPSHOT)

    assert cache.load(state, "shop/web-1") == SNAPSHOT


def test_an_empty_configuration_is_one(state):
    cache.save(state, "shop/web-1", XdsSnapshot())

    assert cache.load(state, "shop/web-1") == XdsSnapshot()


def test_there_is_nothing_before_the_first_save(state):
    assert cache.load(state, "shop/web-1") is None


def test_another_workloads_configuration_is_not_taken(state):
    cache.save(state, "shop/web-1", SNAPSHOT)

    assert cache.load(state, "shop/web-2") is None


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x93\x01\xa1w\x91\x94\xa1x\xa1n\xa1v\xc4\x00"])
def test_a_damaged_file_is_like_none(state, damage):
    state.write("snapshot.msgpack", damage)

    assert cache.load(state, "w") is None


def test_what_another_format_holds_is_not_guessed(state, monkeypatch):
    monkeypatch.setattr(cache, "_FORMAT", 2)
    cache.save(state, "w", SNAPSHOT)
    monkeypatch.undo()

    assert cache.load(state, "w") is None


def test_the_file_is_for_its_owner_alone(state):
    cache.save(state, "w", SNAPSHOT)

    assert (state.path / "snapshot.msgpack").stat().st_mode & 0o777 == 0o600
