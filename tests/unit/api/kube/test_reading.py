"""What can be read and where; what is behind the paths is told by tests/contract/test_api.py."""

from tests.unit.api.servers import now

from tulle.api.kube.paths import path_of, path_of_one
from tulle.api.kube.reading import Reading
from tulle.model.kinds import ALL
from tulle.store.memory import MemoryStore


async def test_every_kind_can_be_listed_and_got_and_no_path_means_two_things() -> None:
    routes = [(r.method, r.path) for r in Reading(MemoryStore(now)).routes()]

    assert len(set(routes)) == len(routes)
    for kind in ALL:
        assert {("GET", path_of_one(kind)), ("GET", path_of(kind))} <= set(routes)
