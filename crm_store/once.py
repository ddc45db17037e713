"""Idempotency keys: what dials, sends or charges is done once, however often the request arrives."""

from typing import Any

import orjson

from crm_store.connection import answered
from crm_store.database import Database
from domain.problems import Conflict


class Once:
    """Remembers for 24 hours what was answered to a user's key."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def begin(self, user_id: str, key: str, body_hash: str) -> tuple[int, Any] | None:
        """The answer given before (status, body), or None: do it now. Raises Conflict where the key came with
        another body, or the first request is still being worked on."""
        with answered():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute("delete from request_once where at < now() - interval '24 hours'")
                begun = await connection.fetchval(
                    """
                    insert into request_once (user_id, key, body_hash) values ($1, $2, $3)
                    on conflict do nothing returning true
                    """,
                    user_id,
                    key,
                    body_hash.encode(),
                )
                if begun:
                    return None
                row = await connection.fetchrow(
                    "select body_hash, status, answer from request_once where user_id = $1 and key = $2", user_id, key
                )
        if row is None or row["body_hash"] != body_hash.encode():
            raise Conflict("This Idempotency-Key was used for another request")
        if row["status"] is None:
            raise Conflict("The first request with this Idempotency-Key is still being worked on")
        return row["status"], orjson.loads(row["answer"])

    async def finish(self, user_id: str, key: str, status: int, answer: Any) -> None:
        """Keep the answer."""
        with answered():
            await self._pool.execute(
                "update request_once set status = $3, answer = $4 where user_id = $1 and key = $2",
                user_id,
                key,
                status,
                orjson.dumps(answer).decode(),
            )

    async def forget(self, user_id: str, key: str) -> None:
        """It was not done: the same key may be tried again."""
        with answered():
            await self._pool.execute("delete from request_once where user_id = $1 and key = $2", user_id, key)
