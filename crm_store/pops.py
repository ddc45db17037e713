"""Why did no card come up? What was matched, sent and shown for the last calls, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_store.connection import answered
from crm_store.database import Database
from crm_store.paging import limited
from crm_store.text import clean
from domain.record import instant
from domain.rights import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop:
    """One call at one extension. `reason` says in a word why nothing was shown; `latency_ms` is from the PBX's
    bytes to painted; `hidden`: the tab was in the background."""

    call_id: str
    extension: str
    at: datetime
    user_id: str | None = None
    number: str | None = None
    match: str | None = None
    client_id: str | None = None
    sent_at: datetime | None = None
    shown_at: datetime | None = None
    latency_ms: float | None = None
    hidden: bool = False
    reason: str = ""


class Pops:
    """Keeps what became of each pop; a later word on the same call and extension completes the earlier."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, *pops: Pop) -> None:
        """Write down, many in one statement."""
        latest = {(pop.call_id, pop.extension): pop for pop in pops}.values()
        columns = [[_stored(getattr(pop, name)) for pop in latest] for name in Pop.__dataclass_fields__]
        with answered():
            await self._database.pool.execute(_KEEP, *columns)

    async def last(self, scope: Scope, limit: int = 50) -> tuple[dict[str, Any], ...]:
        """The last pops, newest first: one's own, or everybody's for who sees all calls."""
        with answered():
            async with self._database.as_user(scope) as connection:
                rows = await connection.fetch(
                    """
                    select p.*, (select u.name from app_user u where u.id = p.user_id) as user_name,
                           (select c.name from client c where c.id = p.client_id) as client_name
                      from pop p order by p.at desc limit $1
                    """,
                    limited(limit),
                )
        return tuple(_shape(dict(row)) for row in rows)


_KEEP = """
insert into pop (call_id, extension, at, user_id, number, match, client_id, sent_at, shown_at, latency_ms, hidden,
                 reason)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
                     $8::timestamptz[], $9::timestamptz[], $10::float8[], $11::boolean[], $12::text[])
on conflict (call_id, extension) do update set
    user_id = coalesce(excluded.user_id, pop.user_id), match = coalesce(excluded.match, pop.match),
    client_id = coalesce(excluded.client_id, pop.client_id), sent_at = coalesce(excluded.sent_at, pop.sent_at),
    shown_at = coalesce(excluded.shown_at, pop.shown_at), latency_ms = coalesce(excluded.latency_ms, pop.latency_ms),
    hidden = excluded.hidden, reason = excluded.reason
"""


def _stored(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _shape(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: instant(row[name]) for name in ("at", "sent_at", "shown_at")}
    ids = {name: str(row[name]) if row[name] else None for name in ("call_id", "user_id", "client_id")}
    return {**row, **times, **ids}
