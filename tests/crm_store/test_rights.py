"""The database's policies and functions say the same as `domain.rights`, for every role and every ownership."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import asyncpg
import pytest

from crm_store.calls import Calls
from crm_store.cards import Cards
from crm_store.clients import Clients
from crm_store.connection import new_id
from crm_store.database import Database
from crm_store.history import History
from crm_store.orders import Orders
from crm_store.tasks import TaskDraft, Tasks
from crm_store.timeline import TimeLine
from domain.problems import NotFound
from domain.rights import ROLES, Scope, may_see_call, may_see_client
from tests.crm_store.calls import answered, ringing, transferred
from tests.crm_store.people import client, someone


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A client and whose he is."""

    id: str
    number: str
    responsible: str | None
    team: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One user of each role in each of two teams and in none; a client of each ownership."""

    admin: Scope
    people: tuple[Scope, ...]
    clients: tuple[Owned, ...]


@pytest.fixture
async def world(database: Database) -> World:
    admin = await someone(database, "root", "admin")
    people = [
        await someone(database, f"{role}-{team or 'none'}", role, extension=str(200 + number), team=team)
        for number, (role, team) in enumerate(product(ROLES, ("Север", "Юг", None)))
    ]
    teams = [None, *{one.team for one in people if one.team}]
    owners = [None, *(one.user_id for one in people)]
    owned = []
    for number, (responsible, team) in enumerate(product(owners, teams)):
        dialled = f"+7921{number:07}"
        made = await client(database, admin, f"Клиент {number}", dialled, responsible=responsible, team=team)
        owned.append(Owned(id=made, number=dialled, responsible=responsible, team=team))
    return World(admin=admin, people=tuple(people), clients=tuple(owned))


def seen(scope: Scope, world: World) -> set[str]:
    return {one.id for one in world.clients if may_see_client(scope, responsible=one.responsible, team=one.team)}


async def test_every_door_shows_exactly_the_clients_the_rights_allow(database: Database, world: World) -> None:
    clients, cards = Clients(database), Cards(database)
    for scope in world.people:
        allowed = seen(scope, world)
        assert {one.id for one in (await clients.list(scope, limit=200)).items} == allowed
        assert {one.id for one in (await clients.list(scope, "клиент", limit=200)).items} == allowed
        found = {one.number: await cards.card(scope, one.number) for one in world.clients}
        assert {card.client["id"] for card in found.values() if card.client} == allowed
        assert all(card.client or card.foreign is not None for card in found.values())


async def test_a_card_cut_down_in_python_is_the_card_the_database_gives(database: Database, world: World) -> None:
    cards = Cards(database)
    shared = "+78120000000"
    for one in world.clients[::7]:
        await Clients(database).attach(world.admin, one.id, shared)
    for scope in world.people:
        for number in (shared, *(one.number for one in world.clients[::5])):
            assert (await cards.card(None, number)).seen_by(scope) == await cards.card(scope, number)


async def test_calls_are_seen_by_those_who_took_part_and_by_those_who_watch(
    database: Database, world: World, tmp_path: Path
) -> None:
    extensions = [one.extension or "" for one in world.people]
    calls = [transferred(answered(ringing(to=to, name=to)), to=extensions[-1]) for to in extensions[:6]]
    calls.append(replace(answered(ringing(name="inner")), direction="internal"))
    async with History(database, tmp_path) as history:
        for call in calls:
            await history.log(call)
    for scope in world.people:
        shown = {call["id"] for call in (await Calls(database).list(scope)).items}
        assert shown == {call.id for call in calls if may_see_call(scope, call)}


async def test_what_hangs_on_a_client_is_seen_by_who_sees_him(database: Database, world: World) -> None:
    for one in world.clients:
        await Tasks(database).create(world.admin, TaskDraft(title="Позвонить", client_id=one.id))
        await TimeLine(database).note(world.admin, one.id, "Заметка")
        await database.pool.execute(
            "insert into orders (id, number, client_id) values ($1, $2, $3)", new_id(), one.number, one.id
        )
    for scope in world.people:
        allowed = seen(scope, world)
        tasks = await Tasks(database).list(scope, limit=200)
        orders = await Orders(database).list(scope, limit=200)
        assert {task["client_id"] for task in tasks.items} == allowed
        assert {order["client_id"] for order in orders.items} == allowed
        for one in world.clients[::9]:
            if one.id in allowed:
                assert len((await TimeLine(database).of_client(scope, one.id)).items) == 1
            else:
                with pytest.raises(NotFound):
                    await TimeLine(database).of_client(scope, one.id)


async def test_without_a_user_nothing_is_seen(database: Database, world: World) -> None:
    for user_id in ("", new_id()):
        nobody = replace(world.people[0], user_id=user_id)
        async with database.as_user(nobody) as connection:
            for table in ("client", "client_number", "call", "history_entry", "orders", "task", "app_user", "team"):
                assert await connection.fetchval(f"select count(*) from {table}") == 0, table


async def test_who_is_shut_out_sees_nothing(database: Database, world: World) -> None:
    scope = world.people[0]
    await database.pool.execute("update app_user set disabled_at = now() where id = $1", scope.user_id)
    assert (await Clients(database).list(scope)).items == ()
    assert (await Clients(database).list(scope, "клиент")).items == ()
    assert (await Cards(database).card(scope, world.clients[0].number)).match == "none"


@pytest.mark.parametrize("table", ["session", "ticket", "audit", "login_throttle", "request_once", "migration"])
async def test_a_user_never_reads_what_is_the_houses(database: Database, world: World, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.as_user(world.people[-1]) as connection:
            await connection.fetch(f"select * from {table}")


async def test_password_hashes_are_out_of_reach(database: Database, world: World) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.as_user(world.admin) as connection:
            await connection.fetch("select password_hash from app_user")


async def test_every_table_is_under_a_policy(database: Database) -> None:
    open_tables = await database.pool.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        " and not relrowsecurity"
    )
    assert [row["relname"] for row in open_tables] == ["migration"]


async def test_the_audit_cannot_be_rewritten(database: Database, world: World) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await database.pool.execute("delete from audit")
