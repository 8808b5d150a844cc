"""There are no Events, and clients that need to hear that do."""

from pathlib import Path

from tests.unit.api.servers import now, serving

from tulle.store.memory import MemoryStore


async def test_the_list_is_empty_and_discovery_does_not_name_it(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        for path in ("/api/v1/events", "/api/v1/namespaces/shop/events?fieldSelector=a%3Db"):
            listed = await api.get(path)
            assert (listed["kind"], listed["items"]) == ("EventList", [])
        named = [r["name"] for r in (await api.get("/api/v1"))["resources"]]
    assert "events" not in named
