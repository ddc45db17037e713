"""A card by number, with rights, among a million clients: beside `select 1` on the same connection."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

from bench.table import Row
from config.settings import Settings
from crm_store.bulk import FIRST_NUMBER, bulk_clients
from crm_store.cards import LOOK_UP, read
from crm_store.connection import Connection
from crm_store.database import open_database
from crm_store.seed import seed

HOME = Path("var/bench/lookup")
CLIENTS = 1_000_000
QUERIES = 3000
REPETITIONS = 5
GOAL = 2.0


async def run() -> list[Row]:
    """p50 and p99 in milliseconds: medians of repetitions in which the two take turns query by query."""
    async with open_database(Settings(data_dir=HOME)) as database:
        if await database.pool.fetchval("select count(*) from client") < CLIENTS:
            await seed(database, passwords="bench", at=datetime.now(UTC))
            await bulk_clients(database, CLIENTS)
        users = [row["id"] for row in await database.pool.fetch("select id from app_user where role = 'agent'")]
        async with database.pool.acquire() as connection:
            await _warm(connection, users)
            await asyncio.sleep(1)
            rounds = [await _round(connection, users, Random(number)) for number in range(REPETITIONS)]
    return [_row("p50", rounds, 0), _row("p99", rounds, 1)]


async def _warm(connection: Connection, users: list[object]) -> None:
    """The state of a server that has been up for a day: tables in memory, plans made."""
    await connection.execute("create extension if not exists pg_prewarm")
    await connection.execute(_PREWARM, timeout=300)
    await _round(connection, users, Random(99))


_PREWARM = """
select pg_prewarm(oid) from pg_class
 where relname in ('client', 'client_pkey', 'client_number', 'client_number_pkey', 'client_number_client')
"""


async def _round(connection: Connection, users: list[object], random: Random) -> tuple[list[float], list[float]]:
    """(p50, p99) of the look-up and of `select 1`."""
    card = await connection.prepare(LOOK_UP)
    one = await connection.prepare("select 1")
    ours, peer = [], []
    for _ in range(QUERIES):
        number, user = f"+{FIRST_NUMBER + random.randrange(2 * CLIENTS)}", random.choice(users)
        began = time.perf_counter()
        await one.fetchval()
        between = time.perf_counter()
        read(number, await card.fetchrow(user, number, False))
        ours.append(time.perf_counter() - between)
        peer.append(between - began)
    return _percentiles(ours), _percentiles(peer)


def _percentiles(seconds: list[float]) -> list[float]:
    ordered = sorted(seconds)
    return [1000 * ordered[len(ordered) // 2], 1000 * ordered[int(len(ordered) * 0.99)]]


def _row(name: str, rounds: list[tuple[list[float], list[float]]], place: int) -> Row:
    ours = median(one[0][place] for one in rounds)
    peer = median(one[1][place] for one in rounds)
    return Row(
        what=f"card by number with rights, 1 M clients, {name}",
        ours=ours,
        peer=peer,
        unit="ms",
        peer_name="select 1, same connection",
        goal=f"p99 ≤ {GOAL:g} ×",
        reached=name != "p99" or ours / peer <= GOAL,
    )
