"""What `test_sessions` does not reach: who hears what, and when nobody answers."""

import asyncio

from tulle.model.names import WorkloadRef
from tulle.model.wire import FromServer, ProxySettings, ProxyState, Refused, ReplaceProxy
from tulle.serve import orders
from tulle.serve.orders import Orders

WEB, API = WorkloadRef("shop", "web"), WorkloadRef("shop", "api")


class Heard:
    """A session, and what it was told."""

    def __init__(self) -> None:
        self.frames: list[FromServer] = []
        self.told = asyncio.Event()

    async def say(self, frame: FromServer) -> None:
        self.frames.append(frame)
        self.told.set()


async def test_only_who_heard_otherwise_hears_a_change() -> None:
    drain = [45.0]
    board, web, api = Orders(lambda: drain[0]), Heard(), Heard()
    await board.enter(WEB, web)
    drain[0] = 60.0
    await board.enter(API, api)
    await board.tell_changes()
    await board.tell_changes()

    assert web.frames == [ProxySettings(connection_drain_s=s) for s in (45.0, 60.0)]
    assert api.frames == [ProxySettings(connection_drain_s=60.0)]


async def test_a_session_that_was_replaced_leaves_without_the_new_one() -> None:
    board, old, new = Orders(lambda: 45.0), Heard(), Heard()
    await board.enter(WEB, old)
    await board.enter(WEB, new)
    board.leave(WEB, old)
    new.told.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(board.replace(WEB))
        await new.told.wait()
        board.heard(WEB, ProxyState(version="1", answers=1))
    assert asking.result() == ProxyState(version="1", answers=1)
    assert new.frames[-1] == ReplaceProxy(number=1)


async def test_answers_to_others_and_to_nobody_are_not_mistaken() -> None:
    board, web = Orders(lambda: 45.0), Heard()
    await board.enter(WEB, web)
    web.told.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(board.replace(WEB))
        await web.told.wait()
        board.heard(WEB, ProxyState(version="0"))
        board.heard(API, ProxyState(version="0", answers=1))
        board.heard(WEB, ProxyState(version="2", answers=1))
    assert asking.result() == ProxyState(version="2", answers=1)


async def test_nobody_is_waited_for_for_ever(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(orders, "ANSWER_S", 0.01)
    board = Orders(lambda: 45.0)
    await board.enter(WEB, Heard())
    answer = await board.replace(WEB)

    assert isinstance(answer, Refused)
    assert answer.code == "proxy-not-answering"
