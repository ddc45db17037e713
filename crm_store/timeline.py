"""A client's one time line: calls, messages, orders, notes, in the order they happened."""

from datetime import UTC, datetime
from typing import Any

import orjson

from crm_store import wording
from crm_store.connection import answered, known_id, new_id
from crm_store.database import Database
from crm_store.paging import cursor as cursor_at
from crm_store.paging import limited, place_in_time
from crm_store.text import clean
from domain.problems import Invalid, NotFound
from domain.rights import Scope
from domain.routes import Page


class TimeLine:
    """What happened with a client, for who may see him."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_client(
        self, scope: Scope, client_id: str, limit: int = 50, cursor: str | None = None, *, kind: str | None = None
    ) -> Page[dict[str, Any]]:
        """Entries, newest first. An entry of a call says what everyone may know of it who may see the client; the
        whole record stands in it only for who may see the call."""
        at, last = place_in_time("history", cursor)
        with answered():
            async with self._database.as_user(scope) as connection:
                known = "select true from client where id = $1"
                if not await connection.fetchval(known, known_id(client_id)):
                    raise NotFound("There is no such client")
            rows = await self._database.pool.fetch(
                "select * from switchroom_time_line($1, $2, $3, $4, $5, $6)",
                scope.user_id,
                client_id,
                at,
                last,
                limited(limit) + 1,
                kind,
            )
        shown = rows[: limited(limit)]
        more = cursor_at("history", shown[-1]["at"], str(shown[-1]["id"])) if len(rows) > len(shown) else None
        return Page(items=tuple(_entry(row, scope.language) for row in shown), next=more)

    async def note(self, scope: Scope, client_id: str, text: str) -> dict[str, Any]:
        """Write a note into a client's time line; raises Invalid for an empty one."""
        if not text.strip():
            raise Invalid("A note needs some text", {"errors": [{"field": "text"}]})
        with answered():
            async with self._database.as_user(scope) as connection:
                entry = await connection.fetchval(
                    """
                    with fresh as (
                        insert into history_entry (id, at, kind, client_id, author, text)
                        select $1, $2, 'note', c.id, $4, $5 from client c where c.id = $3 returning *)
                    select entry_shape(row(fresh.*)::history_entry)::text from fresh
                    """,
                    new_id(),
                    datetime.now(UTC),
                    known_id(client_id),
                    scope.user_id,
                    clean(text),
                )
        if entry is None:
            raise NotFound("There is no such client")
        return wording.entry(orjson.loads(entry), scope.language)


def _entry(row: Any, language: str) -> dict[str, Any]:
    entry = wording.entry(orjson.loads(row["entry"]), language)
    return {**orjson.loads(row["call_record"]), **entry} if row["call_record"] else entry
