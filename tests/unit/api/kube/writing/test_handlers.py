"""What can be changed and where; what is behind the paths is told by tests/contract/test_api.py."""

from tests.unit.api.servers import now

from tulle.api.changes import Gate
from tulle.api.kube.paths import path_of_one
from tulle.api.kube.writing.handlers import Writing
from tulle.model.kinds import ALL
from tulle.store.memory import MemoryStore


async def test_every_kind_can_be_put_and_deleted_and_no_path_means_two_things() -> None:
    store = MemoryStore(now)
    routes = [(r.method, r.path) for r in Writing(store, Gate(store, lambda: "m"), now).routes()]

    assert len(set(routes)) == len(routes)
    for kind in ALL:
        assert {("PUT", path_of_one(kind)), ("DELETE", path_of_one(kind))} <= set(routes)
