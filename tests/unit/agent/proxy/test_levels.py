import logging

import pytest
from tests.unit.agent.proxy.test_admin import admin_that_says

from tulle.agent.control.session import LevelsError
from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.levels import Levels, check, named, query, read

LOGGERS = "active loggers:\n  admin: warning\n  http: debug\n  envoy_bug: off\n"
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n" + LOGGERS.encode()
KNOWN = {"admin": "warning", "http": "debug", "envoy_bug": "off"}


@pytest.fixture(autouse=True)
def ours():
    """The logger of this process is everybody's: it gets back what it had."""
    logger = logging.getLogger("tulle")
    before = logger.level
    yield
    logger.setLevel(before)


def test_what_envoy_lists_is_read_and_named():
    assert read(LOGGERS) == KNOWN
    assert named(KNOWN) == {
        "envoy.admin": "warning",
        "envoy.envoy_bug": "off",
        "envoy.http": "debug",
    }


@pytest.mark.parametrize(
    ("name", "asked"), [("envoy", "level=debug"), ("envoy.http", "http=debug")]
)
def test_a_change_is_asked_for_as_envoy_takes_it(name: str, asked: str):
    assert query(name, "debug") == asked


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("envoy.nothing", "debug"),
        ("nothing", "debug"),
        ("envoy.http", "loud"),
        ("envoy", "loud"),
        ("agent", "trace"),
        ("envoy.http&admin", "debug"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(name: str, level: str):
    with pytest.raises(LevelsError, match="there are"):
        check(name, level, KNOWN)


async def test_changes_reach_this_process_and_its_envoy(tmp_path):
    async with admin_that_says(tmp_path, ANSWER) as (admin, heard):
        found = await Levels(lambda: admin).change({"agent": "error", "envoy.http": "debug"})

    assert heard == [b"POST /logging", b"POST /logging?http=debug"]
    assert found == {"agent": "error", **named(KNOWN)}
    assert logging.getLogger("tulle").level == logging.ERROR


async def test_with_one_mistake_nothing_is_changed(tmp_path):
    before = logging.getLogger("tulle").level
    async with admin_that_says(tmp_path, ANSWER) as (admin, heard):
        with pytest.raises(LevelsError):
            await Levels(lambda: admin).change(
                {"agent": "error", "envoy.http": "debug", "x": "debug"}
            )

    assert heard == [b"POST /logging"]
    assert logging.getLogger("tulle").level == before


async def test_a_proxy_that_does_not_answer_is_told(tmp_path):
    with pytest.raises(LevelsError, match="does not answer"):
        await Levels(lambda: Admin(tmp_path / "none")).change({})
