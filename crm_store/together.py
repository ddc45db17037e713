"""Questions to the database that come while others are being answered, asked together.

Alone a question goes at once; under load one statement answers all that came meanwhile, over a few connections
whose plans are warm, instead of a queue for a dozen connections. An answer does not wait for its connection to go
back to the pool.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from crm_store.connection import AWAY, Connection

LANES = 4
"""How many statements run at a time: the others go on where one waits for the disk."""
MOST = 100
Waiting = tuple[str, "asyncio.Future[Any]"]


class Together:
    """`statement` takes an array of questions, $1, and gives one row for each, in the same order."""

    def __init__(self, pool: asyncpg.Pool, statement: str) -> None:
        self._pool, self._statement = pool, statement
        self._waiting: list[Waiting] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._open = 0

    async def ask(self, question: str) -> Any:
        """The row that answers one question; raises what its statement raised."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._open < LANES:
            self._open += 1
            lane = asyncio.create_task(self._serve(), name="look-ups")
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await future

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

    def _next(self) -> list[Waiting]:
        batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        return batch

    async def _settle(self, connection: Connection, batch: Sequence[Waiting]) -> bool:
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
        for (_, future), row in zip(batch, rows, strict=True):
            if not future.done():
                future.set_result(row)
        return True


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
