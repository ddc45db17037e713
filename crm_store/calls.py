"""The calls of the history: found, read, and what people add to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from crm_store.audit import as_owner_again, noted
from crm_store.client import Body
from crm_store.connection import Connection, answered, known_id
from crm_store.database import Database
from crm_store.numbers import Numbers
from crm_store.paging import cursor as cursor_at
from crm_store.paging import limited, place_in_time
from crm_store.references import check_all, id_in
from crm_store.text import clean
from domain.problems import NotFound, Stale
from domain.rights import Scope
from domain.routes import Page

Facts = dict[str, Any]
Outcome = Literal["answered", "no_answer", "busy", "cancelled", "abandoned", "failed"]
NO_FILTER: "CallFilters"


class CallFilters(Body):
    """Which calls: all that are named must hold; `since ≤ started_at < until`."""

    client: str | None = None
    extension: str | None = None
    queue: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


NO_FILTER = CallFilters()


class CallPatch(Body):
    """What people add to a call; what is not named stays. `client_id` null: it is nobody's."""

    note: Annotated[str, Field(max_length=20_000)] | None = None
    disposition: Annotated[str, Field(max_length=60)] | None = None
    client_id: str | None = None


_FOLLOWED = """
with recursive step (id, depth) as (
    select $1::uuid, 0 union all
    select a.into_id, step.depth + 1 from step join call_alias a on a.id = step.id where step.depth < 10)
select call_shape(c)::text as shape, c.version, (select cl.name from client cl where cl.id = c.client_id) as client_name
  from step join call c on c.id = step.id
 order by step.depth desc limit 1
"""


_LIST = """
select call_shape(c)::text as shape, c.started_at, c.id,
       (select cl.name from client cl where cl.id = c.client_id) as client_name
  from call c
 where ($1::uuid is null or c.client_id = $1)
   and ($2::text is null or c.extensions @> array[$2])
   and ($3::text is null or $3 = any (c.queues))
   and ($4::text is null or c.outcome = $4)
   and ($5::timestamptz is null or c.started_at >= $5)
   and ($6::timestamptz is null or c.started_at < $6)
   and ($7::timestamptz is null or (c.started_at, c.id) < ($7, $8::uuid))
 order by c.started_at desc, c.id desc limit $9
"""

# Inbound, not answered, and nobody has talked with the number since.
_MISSED = """
select call_shape(c)::text as shape, (select cl.name from client cl where cl.id = c.client_id) as client_name,
       (select count(*) from call other
         where other.outside_number = c.outside_number and other.direction = 'inbound'
           and other.started_at > now() - interval '7 days' and other.outcome <> 'answered') as attempts
  from (select distinct on (outside_number) * from call
         where direction = 'inbound' and ended_at is not null and outcome <> 'answered' and outside_number is not null
           and started_at > now() - interval '7 days'
         order by outside_number, started_at desc) c
 where not exists (select from call later
                    where later.outside_number = c.outside_number and later.started_at > c.started_at
                      and later.outcome = 'answered')
 order by c.started_at desc limit $1
"""


async def _nothing_owed(_: str) -> None:
    """Every row is written: nobody keeps a history here."""


class Calls:
    """Call records as one user may see them: the contract's section 4; beside it `client_name`, and `client_visible`:
    whether this user may open the client's card."""

    def __init__(self, database: Database, *, caught_up: Callable[[str], Awaitable[None]] = _nothing_owed) -> None:
        """`caught_up(id)` waits until what was heard of a call that goes on is in its row."""
        self._database = database
        self._caught_up = caught_up

    async def list(
        self, scope: Scope, filters: CallFilters = NO_FILTER, limit: int = 50, cursor: str | None = None
    ) -> Page[Facts]:
        """Calls, newest first."""
        started, last = place_in_time("calls", cursor)
        with answered():
            async with self._database.as_user(scope) as connection:
                rows = await connection.fetch(
                    _LIST,
                    id_in("client", filters.client),
                    filters.extension,
                    filters.queue,
                    filters.outcome,
                    filters.since,
                    filters.until,
                    started,
                    last,
                    limited(limit) + 1,
                )
        shown = rows[: limited(limit)]
        more = cursor_at("calls", shown[-1]["started_at"], str(shown[-1]["id"])) if len(rows) > len(shown) else None
        return Page(items=tuple(_read(row) for row in shown), next=more)

    async def get(self, scope: Scope, call_id: str) -> Facts:
        """One call; the id of a consultation that became part of another gives that one."""
        await self._caught_up(known_id(call_id))
        with answered():
            async with self._database.as_user(scope) as connection:
                return await _one(connection, known_id(call_id))

    async def patch(self, scope: Scope, call_id: str, patch: CallPatch, version: int | None = None) -> Facts:
        """Keep what is named, and nothing else: the desk saves a note while it is being typed. Raises Stale where
        `version` is not the present one."""
        facts = {name: value for name, value in patch.model_dump().items() if name in patch.model_fields_set}
        await self._caught_up(known_id(call_id))
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(call_id), lock=True)
                if version is not None and version != before["version"]:
                    found = {name: {"yours": value, "theirs": before[name]} for name, value in facts.items()}
                    raise Stale("Somebody else changed this call meanwhile", {"difference": found})
                await check_all(connection, facts)
                await _keep(connection, before["id"], facts)
                if "client_id" in facts:
                    await as_owner_again(connection)
                    await Numbers(connection, facts["client_id"]).link_call(before["id"])
                    await noted(connection, scope, "call.linked", before["id"], client=facts["client_id"])
                return await _one(connection, before["id"])

    async def missed(self, scope: Scope, limit: int = 50) -> tuple[Facts, ...]:
        """Numbers that rang in the last seven days and have not been talked with since: the last call of each, with
        `attempts`, newest first."""
        with answered():
            async with self._database.as_user(scope) as connection:
                rows = await connection.fetch(_MISSED, limited(limit))
        return tuple({**_read(row), "attempts": row["attempts"]} for row in rows)

    async def dispositions(self) -> tuple[Facts, ...]:
        """What a call may have come to: key, `ru`, `en`, in the order of their digits."""
        with answered():
            rows = await self._database.pool.fetch(
                "select key, position, ru, en from disposition where active order by position"
            )
        return tuple(dict(row) for row in rows)


def _read(row: Any) -> Facts:
    """A row as one user sees it: without the right to a client its name is not told either."""
    visible = row["client_name"] is not None
    return {**orjson.loads(row["shape"]), "client_name": row["client_name"], "client_visible": visible}


async def _one(connection: Connection, call_id: str, *, lock: bool = False) -> Facts:
    row = await connection.fetchrow(_FOLLOWED, call_id)
    if row is None:
        raise NotFound("There is no such call")
    facts = {**_read(row), "version": row["version"]}
    if lock:
        await connection.execute("select from call where id = $1 for update", facts["id"])
        return await _one(connection, facts["id"])
    return facts


async def _keep(connection: Connection, call_id: str, facts: Facts) -> None:
    """Note and disposition as far as they are named; every change makes a new version."""
    await connection.execute(
        """
        update call set version = version + 1, note = case when $2 then $3 else note end,
                        disposition = case when $4 then $5 else disposition end
         where id = $1
        """,
        call_id,
        "note" in facts,
        clean(facts.get("note") or ""),
        "disposition" in facts,
        facts.get("disposition") or None,
    )
