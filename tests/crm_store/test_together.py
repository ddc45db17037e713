"""Look-ups that come together are asked together; none waits for, or fails with, another."""

import asyncio
from collections.abc import Sequence

import pytest

from crm_store.together import LANES, Together


class Clerk:
    """Answers questions in a row when told to."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.may_answer = asyncio.Event()

    async def answer(self, questions: Sequence[str]) -> Sequence[str]:
        self.asked.append(questions)
        await self.may_answer.wait()
        if "bad" in questions:
            raise ValueError(questions)
        return [question.upper() for question in questions]


async def test_what_comes_while_others_are_answered_is_asked_at_once() -> None:
    clerk = Clerk()
    together = Together(clerk.answer)
    asked = [asyncio.create_task(together.ask(name)) for name in "abcdef"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(together.ask(name)) for name in "gh"]
    await asyncio.sleep(0)
    clerk.may_answer.set()
    assert await asyncio.gather(*asked, *later) == list("ABCDEFGH")
    assert len(clerk.asked) <= LANES + 1
    assert await together.ask("i") == "I"


async def test_one_that_cannot_be_answered_spoils_nothing_for_the_others() -> None:
    clerk = Clerk()
    clerk.may_answer.set()
    together = Together(clerk.answer)
    asked = [asyncio.create_task(together.ask(name)) for name in ("a", "bad", "c")]
    assert (await asked[0], await asked[2]) == ("A", "C")
    with pytest.raises(ValueError, match="bad"):
        await asked[1]
