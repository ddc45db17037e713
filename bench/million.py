"""A client base of 1,000,000 clients with two numbers each, made once and kept under var/bench.

Nobody's clients, so everybody's: each of the agents hired here may see every card. The base stays between runs, as
long as the tables do: only the first pays for it.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import crm_store
from config.settings import Settings
from crm_store.bulk import FIRST_NUMBER, bulk_clients
from crm_store.database import Database, open_database

__all__ = ["AGENTS", "CLIENTS", "FIRST_EXTENSION", "FIRST_NUMBER", "HOME", "hire", "million", "settings", "token"]

_STORE = Path(crm_store.__file__).parent
_MADE_OF = (*sorted(_STORE.rglob("*.sql")), _STORE / "bulk.py")
_VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in _MADE_OF)).hexdigest()[:8]
HOME = Path(f"var/bench/million-{_VERSION}")
CLIENTS = 1_000_000
AGENTS = 500
FIRST_EXTENSION = 1001

_USER = "('a0000000-0000-4000-8000-' || lpad(to_hex({0}), 12, '0'))::uuid"


def settings(**changes: object) -> Settings:
    """Settings of a server on this base."""
    return Settings.model_validate({"data_dir": HOME, **changes})


@asynccontextmanager
async def million() -> AsyncIterator[Database]:
    """The base, open; filled when it is not."""
    async with open_database(settings()) as database:
        if await database.pool.fetchval("select count(*) from client") < CLIENTS:
            await bulk_clients(database, CLIENTS)
        yield database


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
