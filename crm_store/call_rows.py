"""Calls as rows: written many at once by one statement, each insert or update of a whole record.

What people typed (note, disposition) and the client somebody chose are never overwritten; a record that is
closed is never opened again by one that came late.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from pydantic import TypeAdapter

from crm_store.connection import AWAY, Connection
from crm_store.text import clean, original
from domain.calls import Call

_CALL: TypeAdapter[Call] = TypeAdapter(Call)
_SEPARATOR = "\x1f"

_STORE = """
with batch as materialized (
    select r.*, case direction when 'inbound' then caller ->> 'number' when 'outbound' then dialed end as outside
      from rows from (
           json_to_recordset($1) as (
               id uuid, pbx text, linkedid text, direction text, caller json, dialed text, queue text, queues text[],
               client_id uuid, started_at timestamptz, answered_at timestamptz, ended_at timestamptz,
               ring_seconds float8, wait_seconds float8, talk_seconds float8, hold_seconds float8, outcome text,
               cause text, answered_by text[], owner text, legs json, transfers jsonb, parked jsonb, conference text,
               voicemail boolean, ended_by text, complete boolean, disposition text, note text, recording text),
           unnest($2::text[]), unnest($3::jsonb[])) as r (
               id, pbx, linkedid, direction, caller, dialed, queue, queues, client_id, started_at, answered_at,
               ended_at, ring_seconds, wait_seconds, talk_seconds, hold_seconds, outcome, cause, answered_by, owner,
               legs, transfers, parked, conference, voicemail, ended_by, complete, disposition, note, recording,
               extensions, originals)
), stored as (
    insert into call (
        id, pbx, linkedid, direction, caller_number, caller_name, caller_extension, caller_endpoint, dialed,
        outside_number, queue, queues, client_id, started_at, answered_at, ended_at, ring_seconds, wait_seconds,
        talk_seconds, hold_seconds, outcome, cause, answered_by, owner, extensions, transfers, parked, conference,
        voicemail, ended_by, complete, disposition, note, recording, originals)
    select id, pbx, linkedid, direction, caller ->> 'number', caller ->> 'name', caller ->> 'extension',
           caller ->> 'endpoint', dialed, outside, queue, queues,
           coalesce(
               client_id,
               (select c.client_id from number_choice c where c.number = outside),
               (select case when count(*) = 1 then (array_agg(n.client_id))[1] end
                  from (select n.client_id from client_number n where n.number = outside limit 2) n)),
           started_at, answered_at, ended_at, ring_seconds, wait_seconds, talk_seconds, hold_seconds, outcome, cause,
           answered_by, owner, string_to_array(extensions, $4), transfers, parked, conference, voicemail, ended_by,
           complete, disposition, coalesce(note, ''), recording, originals
      from batch
    on conflict (id) do update set
        direction = excluded.direction, caller_number = excluded.caller_number, caller_name = excluded.caller_name,
        caller_extension = excluded.caller_extension, caller_endpoint = excluded.caller_endpoint,
        dialed = excluded.dialed, outside_number = excluded.outside_number, queue = excluded.queue,
        queues = excluded.queues, client_id = coalesce(call.client_id, excluded.client_id),
        started_at = excluded.started_at, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        ring_seconds = excluded.ring_seconds, wait_seconds = excluded.wait_seconds,
        talk_seconds = excluded.talk_seconds, hold_seconds = excluded.hold_seconds, outcome = excluded.outcome,
        cause = excluded.cause, answered_by = excluded.answered_by, owner = excluded.owner,
        extensions = excluded.extensions, transfers = excluded.transfers, parked = excluded.parked,
        conference = excluded.conference, voicemail = excluded.voicemail, ended_by = excluded.ended_by,
        complete = excluded.complete, recording = coalesce(excluded.recording, call.recording),
        originals = excluded.originals, stored_at = now()
    where call.ended_at is null or excluded.ended_at is not null
    returning id, client_id, note, disposition, outside_number, coalesce(started_at, answered_at, ended_at, now()) as at
), legs as (
    insert into call_leg (call_id, position, extension, endpoint, number, rang_at, answered_at, ended_at, result,
                          forwarded_to)
    select b.id, l.position, l.extension, l.endpoint, l.number, l.rang_at, l.answered_at, l.ended_at, l.result,
           l.forwarded_to
      from batch b
      join stored s on s.id = b.id
     cross join lateral rows from (
           json_to_recordset(b.legs) as (
               extension text, endpoint text, number text, rang_at timestamptz, answered_at timestamptz,
               ended_at timestamptz, result text, forwarded_to text)) with ordinality as l (
               extension, endpoint, number, rang_at, answered_at, ended_at, result, forwarded_to, position)
    on conflict (call_id, position) do update set
        extension = excluded.extension, endpoint = excluded.endpoint, number = excluded.number,
        rang_at = excluded.rang_at, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        result = excluded.result, forwarded_to = excluded.forwarded_to
), shorter as (
    delete from call_leg l using batch b
     where l.call_id = b.id and l.position > json_array_length(b.legs)
), entries as (
    insert into history_entry (id, at, kind, client_id)
    select id, at, 'call', client_id from stored where outside_number is not null
    on conflict (id) do update set client_id = excluded.client_id
     where history_entry.client_id is distinct from excluded.client_id
)
select id, client_id, note, disposition from stored
"""


_CLOSE = """
with gone as (
    update call c
       set ended_at = last.at, ended_by = 'lost', complete = false,
           outcome = case when c.answered_at is not null or c.answered_by <> '{}' then 'answered'
                          when c.queue is not null then 'abandoned'
                          when c.direction = 'inbound' then 'cancelled' else 'no_answer' end,
           talk_seconds = coalesce(extract(epoch from last.at - c.answered_at), 0),
           stored_at = now()
      from (select id, greatest(started_at, answered_at, stored_at) as at from call
             where pbx = $1 and ended_at is null and stored_at < $3 and id <> all ($2::uuid[])
               and started_at > now() - interval '7 days') last
     where c.id = last.id
 returning c.id, c.ended_at
), legs as (
    update call_leg l
       set ended_at = coalesce(l.ended_at, gone.ended_at),
           result = coalesce(l.result, case when l.answered_at is not null then 'answered' else 'cancelled' end)
      from gone where l.call_id = gone.id
)
select id from gone
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call ready to be written: its record as JSON, who took part, and what cleaning took away.

    `into`: the call it became part of; then the record says no more than when."""

    id: str
    ended: bool
    record: bytes
    extensions: str
    originals: str | None = None
    into: str | None = None

    def line(self) -> bytes:
        """The row as a line of the spool."""
        facts = {
            "extensions": self.extensions,
            "originals": self.originals,
            "ended": self.ended,
            "id": self.id,
            "into": self.into,
        }
        return orjson.dumps({**facts, "record": orjson.Fragment(self.record)}) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a row says now that people may have changed too."""

    client_id: str | None
    note: str
    disposition: str | None


def extensions(call: Call) -> set[str]:
    """Everyone for whom `call.took_part` holds."""
    found = {call.caller.extension, *call.answered_by}
    found.update([leg.extension for leg in call.legs])
    found.update([transfer.by for transfer in call.transfers])
    found.discard(None)
    return found  # type: ignore[return-value] # None was discarded


def encoded(call: Call, into: str | None = None) -> Row:
    """`call` as a row; text that cannot be stored is cleaned, its original bytes kept beside it. `into`: the call
    it became part of."""
    originals = {"caller.name": call.caller.name_bytes.hex()} if call.caller.name_bytes else {}
    try:
        record = orjson.dumps(call, default=bytes.hex, option=orjson.OPT_NAIVE_UTC)
    except TypeError:  # lone surrogates: what was not UTF-8
        record = b"\\u0000"
    names = _SEPARATOR.join(sorted(extensions(call)))
    if b"\\u0000" in record:
        facts = _cleaned(asdict(call), "", originals)
        record, names = orjson.dumps(facts, default=bytes.hex), clean(names)
    beside = orjson.dumps(originals).decode() if originals else None
    return Row(id=call.id, ended=call.ended(), record=record, extensions=names, originals=beside, into=into)


def _cleaned(value: Any, path: str, originals: dict[str, str]) -> Any:
    match value:
        case str() if (text := clean(value)) != value:
            originals.setdefault(path, original(value).hex())
            return text
        case dict():
            return {name: _cleaned(inner, f"{path}.{name}".lstrip("."), originals) for name, inner in value.items()}
        case list() | tuple():
            return [_cleaned(inner, f"{path}.{index}", originals) for index, inner in enumerate(value)]
        case _:
            return value


def decoded(row: Row) -> Call:
    """The call of a row that waited in the spool."""
    facts = orjson.loads(row.record)
    if facts["caller"]["name_bytes"]:
        facts["caller"]["name_bytes"] = bytes.fromhex(facts["caller"]["name_bytes"])
    return _CALL.validate_python(facts)


def read_line(line: bytes) -> Row:
    """The row of a line of the spool; raises ValueError for one that was torn."""
    facts = orjson.loads(line)
    record = orjson.dumps(facts.pop("record"))
    return Row(record=record, **facts)


async def write(connection: Connection, rows: Sequence[Row]) -> dict[str, Stored]:
    """Write `rows` (each call once) in one statement: all or nothing. Rows that came too late are not in the answer."""
    answer = await connection.fetch(
        _STORE,
        (b"[" + b",".join([row.record for row in rows]) + b"]").decode(),
        [row.extensions for row in rows],
        [row.originals for row in rows],
        _SEPARATOR,
    )
    return {
        str(row["id"]): Stored(
            client_id=str(row["client_id"]) if row["client_id"] else None,
            note=row["note"],
            disposition=row["disposition"],
        )
        for row in answer
    }


async def write_each(connection: Connection, rows: Sequence[Row]) -> tuple[dict[str, Stored], dict[str, Exception]]:
    """Write `rows` at once; where one is bad, row by row: what was stored, and why the others were refused."""
    try:
        return await write(connection, rows), {}
    except AWAY:
        raise
    except asyncpg.PostgresError:
        done: dict[str, Stored] = {}
        refused: dict[str, Exception] = {}
    for row in rows:
        try:
            done |= await write(connection, [row])
        except AWAY:
            raise
        except asyncpg.PostgresError as error:
            refused[row.id] = error
    return done, refused


async def close_left_open(connection: Connection, pbx: str, live: Sequence[str], before: datetime) -> list[str]:
    """Close the calls of `pbx` that nobody has written since `before` and that are not `live`: their end was not
    seen, they are marked as lost. A better record that comes later still replaces them. The ids of the closed."""
    return [str(row["id"]) for row in await connection.fetch(_CLOSE, pbx, live, before)]


async def merge(connection: Connection, row: Row) -> None:
    """A call became part of another: its id redirects, what people typed on it moves over."""
    await connection.execute(
        """
        with gone as (delete from call where id = $1 returning note, disposition),
             entry as (delete from history_entry where id = $1),
             alias as (insert into call_alias (id, into_id, merged_at) values ($1, $2, coalesce($3, now()))
                       on conflict (id) do update set into_id = excluded.into_id)
        update call set note = concat_ws(E'\n', nullif(call.note, ''), nullif(gone.note, '')),
                        disposition = coalesce(call.disposition, gone.disposition), version = call.version + 1
          from gone where call.id = $2
        """,
        row.id,
        row.into,
        decoded(row).ended_at,
    )
