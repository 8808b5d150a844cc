"""Log levels of server and proxies, read and changed."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.api.servers import now, serving

from tulle.model.names import WorkloadRef
from tulle.model.wire import Refused
from tulle.store.memory import MemoryStore

ME = WorkloadRef("shop", "web")
OF_SERVER, OF_PROXY = "/tulle/v1/log-levels", "/tulle/v1/proxies/shop/web/log-levels"


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    """The logger of this process is everybody's: it gets back what it had."""
    logger = logging.getLogger("tulle")
    before = logger.level
    yield
    logger.setLevel(before)


async def test_the_servers_own_level_is_changed_at_once(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        changed = await api.post(OF_SERVER, {"levels": {"server": "error"}})
        found = await api.get(OF_SERVER)

    assert changed == found == {"levels": {"server": "error"}}
    assert logging.getLogger("tulle").level == logging.ERROR


@pytest.mark.parametrize("levels", [{"server": "loud"}, {"other": "debug"}], ids=repr)
async def test_what_the_server_has_not_is_refused(tmp_path: Path, levels: object) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        answer = await api.post(OF_SERVER, {"levels": levels}, status=422)

    assert answer["problems"][0]["code"] == "log-level-refused"


async def test_a_proxys_levels_come_from_its_agent(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        api.fleet.levels[ME] = {"agent": "info"}
        found = await api.get(OF_PROXY)
        changed = await api.post(OF_PROXY, {"levels": {"envoy": "debug"}})

    assert found == {"levels": {"agent": "info"}}
    assert changed == {"levels": {"agent": "info", "envoy": "debug"}}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("agent-away", 404),
        ("agent-too-old", 409),
        ("agent-silent", 504),
        ("log-level-refused", 422),
    ],
)
async def test_why_an_agent_did_not_answer_is_told(tmp_path: Path, code: str, status: int) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        api.fleet.levels[ME] = Refused(code=code, message="it did not", hint="look")
        answer = await api.get(OF_PROXY, status=status)

    assert answer["problems"][0]["code"] == code
