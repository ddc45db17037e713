"""Questions to the database that come while others are being answered, asked together.

Alone a question goes at once; under load one statement answers all that came meanwhile, over a few connections
whose plans are warm, instead of a queue for a dozen connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LANES = 4
"""How many statements run at a time: the others go on where one waits for the disk."""
MOST = 100


class Together(Generic[Question, Answer]):
    """`answer(questions)` gives as many answers, in the same order, or raises."""

    def __init__(self, answer: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._lanes: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        """The answer to one question; raises what its statement raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._serve(), name="look-ups")
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await future

    async def _serve(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            await self._settle(batch)

    async def _settle(self, batch: Sequence[tuple[Question, "asyncio.Future[Answer]"]]) -> None:
        """One that cannot be asked, or answered, spoils nothing for the others."""
        try:
            answers = await self._answer([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever asked hears of it
            if len(batch) == 1:
                _fail(batch[0][1], error)
            else:
                for one in batch:
                    await self._settle([one])
        else:
            for (_, future), found in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(found)


def _fail(future: "asyncio.Future[Answer]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
