"""Questions to the database that come while others are being answered, asked together.

Alone a question goes at once; under load one statement answers all that came meanwhile, over a few connections
whose plans are warm, instead of a queue for a dozen connections. An answer does not wait for its connection to go
back to the pool.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from crm_store.connection import AWAY, Connection

LANES = 4
"""How many statements run at a time: the others go on where one waits for the disk."""
MOST = 100
Answer = TypeVar("Answer")


class Together(Generic[Answer]):
    """`statement` takes an array of questions, $1, and gives one row for each, in the same order; `read` makes the
    answer of a question and its row."""

    def __init__(self, pool: asyncpg.Pool, statement: str, read: Callable[[str, Any], Answer]) -> None:
        self._pool, self._statement, self._read = pool, statement, read
        self._waiting: list[tuple[str, asyncio.Future[Answer]]] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._open = 0

    def ask(self, question: str) -> "asyncio.Future[Answer]":
        """The answer to one question, or what its statement raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._open < LANES:
            self._open += 1
            lane = asyncio.create_task(self._serve(), name="look-ups")
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return future

    async def _serve(self) -> None:
        """One lane: lives while there is something to ask."""
        try:
            while self._waiting:
                try:
                    async with self._pool.acquire() as connection:
                        while self._waiting and await self._settle(connection, self._next()):
                            pass
                except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                    _fail(self._next(), error)
        finally:
            self._open -= 1

    def _next(self) -> list[tuple[str, asyncio.Future[Answer]]]:
        batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        return batch

    async def _settle(self, connection: Connection, batch: Sequence[tuple[str, "asyncio.Future[Answer]"]]) -> bool:
        """Ask and answer; whether the connection can be used again. One that cannot be asked spoils no other."""
        try:
            rows = await connection.fetch(self._statement, [question for question, _ in batch])
        except AWAY as error:
            _fail(batch, error)
            return False
        except Exception as error:  # noqa: BLE001 - whoever asked hears of it
            if len(batch) == 1:
                _fail(batch, error)
                return True
            return all([await self._settle(connection, [one]) for one in batch])
        for (question, future), row in zip(batch, rows, strict=True):
            if not future.done():
                future.set_result(self._read(question, row))
        return True


def _fail(batch: Sequence[tuple[str, asyncio.Future[Any]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
