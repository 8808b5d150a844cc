import asyncio

from tulle.model.names import WorkloadRef
from tulle.model.wire import FromServer, LogLevels, Refused, SetLogLevels
from tulle.serve import questions
from tulle.serve.questions import Questions

ME = WorkloadRef("shop", "web")


class Agent:
    """Hears questions; a test answers them."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[FromServer] = asyncio.Queue()
        self.questions = Questions(ME, self.heard.put)


async def test_answers_find_their_questions_in_any_order() -> None:
    agent = Agent()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(agent.questions.log_levels({"agent": "debug"}))
        second = group.create_task(agent.questions.log_levels({}))
        numbers = []
        for _ in range(2):
            asked = await agent.heard.get()
            assert isinstance(asked, SetLogLevels)
            numbers.append(asked.number)
        for number in reversed(numbers):
            agent.questions.on_answer(LogLevels(number=number, levels={"agent": str(number)}))

    assert await first == {"agent": str(numbers[0])}
    assert await second == {"agent": str(numbers[1])}


async def test_an_answer_nobody_waits_for_is_dropped() -> None:
    Agent().questions.on_answer(LogLevels(number=7))


async def test_who_does_not_answer_in_time_is_told_as_silent(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(questions, "PATIENCE_S", 0.0)

    answer = await Agent().questions.log_levels({})

    assert isinstance(answer, Refused)
    assert answer.code == "agent-silent"


async def test_questions_end_with_their_session() -> None:
    agent = Agent()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(agent.questions.log_levels({}))
        await agent.heard.get()
        agent.questions.close()

    answer = await asking
    assert isinstance(answer, Refused)
    assert answer.code == "agent-away"
