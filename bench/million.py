"""A client base of 1,000,000 clients with two numbers and more each, made once and kept under var/bench.

Plausible sizes, made-up people. The base stays between runs, as long as the tables do: only the first pays for it.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import crm_store
from config.settings import Settings
from crm_store.database import Database, open_database

_TABLES = Path(crm_store.__file__).parent
_VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_TABLES.rglob("*.sql")))).hexdigest()[:8]
HOME = Path(f"var/bench/million-{_VERSION}")
CLIENTS = 1_000_000
FIRST_NUMBER = 79_000_000_000
AGENTS = 500
FIRST_EXTENSION = 1001

_CLIENT = "('c0000000-0000-4000-8000-' || lpad(to_hex({0}), 12, '0'))::uuid"
_USER = "('a0000000-0000-4000-8000-' || lpad(to_hex({0}), 12, '0'))::uuid"


def settings(**changes: object) -> Settings:
    """Settings of a server on this base."""
    return Settings.model_validate({"data_dir": HOME, **changes})


@asynccontextmanager
async def million() -> AsyncIterator[Database]:
    """The base, open; filled when it is not."""
    async with open_database(settings()) as database:
        if await database.pool.fetchval("select count(*) from client") < CLIENTS:
            await _fill(database)
        yield database


async def _fill(database: Database) -> None:
    """Insert without the secondary indexes and build them afterwards: three times as fast."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("truncate client, client_number cascade", timeout=600)
        indexes = await connection.fetch(
            """
            select indexname, indexdef from pg_indexes
             where tablename in ('client', 'client_number') and indexname !~ '_pkey$'
            """
        )
        for index in indexes:
            await connection.execute(f"drop index {index['indexname']}")
        await connection.execute(_CLIENTS, timeout=600)
        await connection.execute(_NUMBERS, timeout=600)
        for index in indexes:
            await connection.execute(index["indexdef"], timeout=600)
    await database.pool.execute("vacuum analyze", timeout=600)


_CLIENTS = f"""
insert into client (id, kind, name, company, name_key, search_key)
select {_CLIENT.format("n")}, case when n % 5 = 0 then 'company' else 'person' end, name, company,
       lower(name), lower(name || ' ' || company)
  from generate_series(0, {CLIENTS - 1}) n,
       lateral (select (array['Анна', 'Иван', 'Мария', 'Пётр', 'Ольга', 'Сергей', 'Елена', 'Юрий'])[1 + n % 8]
                       || ' ' || (array['Иванов', 'Смирнов', 'Кузнецов', 'Попов', 'Соколов', 'Лебедев'])[1 + n % 6]
                       || 'а ' || n as name,
                       case when n % 5 = 0 then 'ООО «Ромашка ' || n || '»' else '' end as company) made
"""
_NUMBERS = f"""
insert into client_number (number, client_id, typed, kind, position)
select '+' || ({FIRST_NUMBER} + n), {_CLIENT.format("n")}, '8' || ({FIRST_NUMBER} + n - 70000000000), 'mobile', 0
  from generate_series(0, {CLIENTS - 1}) n
union all
select '+' || (74950000000 + n), {_CLIENT.format("n")}, '8' || (4950000000 + n), 'work', 1
  from generate_series(0, {CLIENTS - 1}) n
union all
select '+' || (78120000000 + n), {_CLIENT.format("n")}, '8' || (8120000000 + n), 'home', 2
  from generate_series(0, {CLIENTS - 1}, 3) n
"""


def token(number: int) -> str:
    """The session token of the agent with that number, from 0."""
    return f"bench-agent-{number}"


async def hire(database: Database, agents: int = AGENTS) -> None:
    """That many agents with phones from FIRST_EXTENSION on, each with an open session."""
    numbers = list(range(agents))
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("delete from session")
        await connection.execute(
            f"""
            insert into app_user (id, login, login_key, name, role, extension, password_hash)
            select {_USER.format("n")}, 'agent' || n, 'agent' || n, 'Агент ' || n, 'agent', ($2 + n)::text, ''
              from unnest($1::int[]) n
                on conflict do nothing
            """,
            numbers,
            FIRST_EXTENSION,
        )
        await connection.execute(
            f"""
            insert into session (id, token_hash, user_id, address)
            select gen_random_uuid(), hash, {_USER.format("n")}, '127.0.0.1'
              from unnest($1::int[], $2::bytea[]) as given (n, hash)
            """,
            numbers,
            [hashlib.sha256(token(number).encode()).digest() for number in numbers],
        )
