"""The made-up base: the same for the same seed, plausible, and nobody's real number in another form."""

from datetime import UTC, datetime

import phonenumbers

from crm_store.bulk import FIRST_NUMBER, bulk_clients
from crm_store.cards import Cards
from crm_store.database import Database
from crm_store.seed import seed
from crm_store.seed_callers import callers
from crm_store.sessions import Sessions
from tests.crm_store.people import users

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_TABLES = ("client", "client_number", "call", "call_leg", "history_entry", "orders", "order_line", "task")


async def fingerprint(database: Database) -> list[str]:
    return [
        await database.pool.fetchval(f"select md5(string_agg(to_jsonb(t)::text, '' order by t::text)) from {table} t")
        for table in ("client", "client_number", "history_entry", "task")
    ]


async def test_the_same_seed_makes_the_same_base(database: Database) -> None:
    await seed(database, passwords="demo", at=AT, clients=200)
    first = await fingerprint(database)
    await database.pool.execute(f"truncate {', '.join(_TABLES)}, app_user, team, product cascade")
    await seed(database, passwords="demo", at=AT, clients=200)
    assert await fingerprint(database) == first


async def test_a_seeded_base_can_be_worked_with(database: Database) -> None:
    people = await seed(database, passwords=lambda login: f"{login}-secret", at=AT, clients=400)
    _, signed_in = await Sessions(database, users(database)).open("101", "101-secret", address="192.0.2.1")
    assert signed_in.scope.name == "Анна Иванова"
    assert {user.role for user in people} == {"agent", "telemarketer", "marketer", "supervisor", "admin"}
    numbers = await callers(database, 100)
    matches = [(await Cards(database).card(signed_in.scope, number)).match for number, _ in numbers]
    assert len(numbers) == 100
    assert matches.count("exact") > 60
    assert {"exact", "maybe", "none"} == set(matches)


async def test_every_made_up_number_is_a_number(database: Database) -> None:
    await seed(database, passwords="demo", at=AT, clients=400)
    for row in await database.pool.fetch("select number from client_number"):
        assert phonenumbers.is_valid_number(phonenumbers.parse(row["number"])), row["number"]


async def test_a_big_base_is_made_by_the_database_itself(database: Database) -> None:
    await seed(database, passwords="demo", at=AT, clients=10)
    await bulk_clients(database, 1000)
    assert await database.pool.fetchval("select count(*) from client") == 1010
    card = await Cards(database).card(None, f"+{FIRST_NUMBER + 2 * 999 + 1}")
    assert card.client is not None
    assert card.client["name"] == "Клиент 999"
