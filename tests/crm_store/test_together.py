"""Look-ups that come together are asked together; none waits for, or fails with, another."""

import asyncio

import asyncpg
import pytest

from crm_store.database import Database
from crm_store.together import LANES, Together

DOUBLED = (
    "select 2 * number::int as number from unnest($1::text[]) with ordinality as asked (number, place) order by place"
)
ASLEEP = f"select * from pg_sleep(0.05), lateral ({DOUBLED}) doubled"
WHO = "select pg_backend_pid() as number from unnest($1::text[])"

FATAL = """
select case number when 'end' then pg_terminate_backend(pg_backend_pid())::int else number::int end as number
  from unnest($1::text[]) as number
"""


def _number(_: str, row: asyncpg.Record) -> int:
    return row["number"]


async def test_each_gets_his_own_answer_however_many_ask_at_once(database: Database) -> None:
    together = Together(database.pool, ASLEEP, _number)
    rows = await asyncio.gather(*(together.ask(str(number)) for number in range(250)))
    assert rows == [2 * number for number in range(250)]


async def test_a_crowd_needs_a_few_connections_only(database: Database) -> None:
    together = Together(database.pool, WHO, _number)
    rows = await asyncio.gather(*(together.ask("1") for _ in range(250)))
    assert len(set(rows)) <= LANES


async def test_one_that_cannot_be_answered_spoils_nothing_for_the_others(database: Database) -> None:
    together = Together(database.pool, DOUBLED, _number)
    asked = [together.ask(text) for text in ("1", "no number", "\udcff", "3")]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [done[0], done[3]] == [2, 6]
    assert isinstance(done[1], asyncpg.DataError)
    assert isinstance(done[2], Exception)
    assert await together.ask("4") == 8


async def test_a_connection_that_breaks_fails_those_it_was_asked_for_and_the_next_are_answered(
    database: Database,
) -> None:
    together = Together(database.pool, FATAL, _number)
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await together.ask("end")
    assert await together.ask("5") == 5
