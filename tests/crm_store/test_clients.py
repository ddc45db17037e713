"""Clients are found by what people remember of them, changed without losing anybody's words, and never mixed up."""

from pathlib import Path

import pytest

from crm_store.calls import CallFilters, CallPatch, Calls
from crm_store.cards import Cards
from crm_store.client import ClientChange, ClientDraft, NumberDraft
from crm_store.clients import Clients
from crm_store.database import Database
from crm_store.history import History
from crm_store.timeline import TimeLine
from domain.events import ClientChanged
from domain.problems import Conflict, Forbidden, Invalid, NotFound, Stale
from domain.rights import Scope
from tests.crm_store.calls import after, answered, missed, ringing
from tests.crm_store.people import client, someone


@pytest.fixture
async def admin(database: Database) -> Scope:
    return await someone(database, "root", "admin", extension="100")


async def test_a_number_is_kept_as_e164_and_as_typed(database: Database, admin: Scope) -> None:
    made = await Clients(database).create(
        admin, ClientDraft(name="Анна", numbers=(NumberDraft(number="8 (921) 123-45-67", kind="mobile"),))
    )
    assert [(n.number, n.typed, n.kind) for n in made.numbers] == [("+79211234567", "8 (921) 123-45-67", "mobile")]
    assert (await Cards(database).card(admin, "+79211234567")).client == made.shape() | {
        "numbers": [{"number": "+79211234567", "kind": "mobile", "typed": "8 (921) 123-45-67"}],
        "emails": [],
    }


@pytest.mark.parametrize(
    "query", ["семёнов", "СЕМЕНОВ", "ромашка", "олег ром", "4567", "8 921 123-45-67", "+7921123", "oleg@example.ru"]
)
async def test_a_client_is_found_by_what_people_type(database: Database, admin: Scope, query: str) -> None:
    await Clients(database).create(
        admin,
        ClientDraft(
            name="Семенов Олег",
            company="ООО «Ромашка»",
            emails=("oleg@example.ru",),
            numbers=(NumberDraft(number="+79211234567"),),
        ),
    )
    await client(database, admin, "Петров Пётр", "+79031112233")
    assert [one.name for one in (await Clients(database).list(admin, query)).items] == ["Семенов Олег"]


@pytest.mark.parametrize("query", ["%", "_", "\\", "'", "\x00", "%%%", "(((", "🦊"])
async def test_no_query_breaks_the_search(database: Database, admin: Scope, query: str) -> None:
    await client(database, admin, "Анна")
    assert (await Clients(database).list(admin, query)).items == ()


async def test_pages_of_clients_join_without_gap_or_repetition(database: Database, admin: Scope) -> None:
    for number in range(7):
        await client(database, admin, f"Клиент {number % 3}")
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await Clients(database).list(admin, limit=2, cursor=cursor)
        seen += [one.id for one in page.items]
        cursor = page.next
    assert cursor is None
    assert len(set(seen)) == 7


async def test_a_foreign_cursor_is_refused(database: Database, admin: Scope) -> None:
    with pytest.raises(Invalid):
        await Clients(database).list(admin, cursor="bm9uc2Vuc2U")


async def test_a_change_made_meanwhile_is_shown_not_overwritten(database: Database, admin: Scope) -> None:
    clients = Clients(database)
    made = await clients.create(admin, ClientDraft(name="Анна"))
    await clients.update(admin, made.id, ClientChange(company="Лютик"), made.version)
    with pytest.raises(Stale) as stale:
        await clients.update(admin, made.id, ClientChange(company="Ромашка"), made.version)
    assert stale.value.extra["difference"] == {"company": {"yours": "Ромашка", "theirs": "Лютик"}}


async def test_fields_that_are_not_named_stay(database: Database, admin: Scope) -> None:
    clients = Clients(database)
    made = await clients.create(admin, ClientDraft(name="Анна", company="Лютик", numbers=(NumberDraft(number="112"),)))
    changed = await clients.update(admin, made.id, ClientChange(name="Анна Ивановна"))
    assert (changed.name, changed.company, changed.dialled) == ("Анна Ивановна", "Лютик", ("112",))


async def test_every_change_is_told_with_the_numbers_it_concerns(database: Database, admin: Scope) -> None:
    told: list[ClientChanged] = []
    clients = Clients(database, changed=told.append)
    made = await clients.create(admin, ClientDraft(name="Анна", numbers=(NumberDraft(number="+79211234567"),)))
    await clients.update(admin, made.id, ClientChange(numbers=(NumberDraft(number="+79031112233"),)))
    await clients.delete(admin, made.id)
    assert [news.numbers for news in told] == [
        ("+79211234567",),
        ("+79031112233", "+79211234567"),
        ("+79031112233",),
    ]


async def test_an_agent_gets_the_clients_he_makes(database: Database) -> None:
    agent = await someone(database, "a", "telemarketer", team="Север")
    made = await Clients(database).create(agent, ClientDraft(name="Анна"))
    assert (made.responsible, made.team) == (agent.user_id, agent.team)


async def test_an_agent_cannot_take_what_is_not_his(database: Database, admin: Scope) -> None:
    agent = await someone(database, "a", "agent", team="Север")
    foreign = await client(database, admin, "Чужой", responsible=admin.user_id)
    for act in (
        Clients(database).get(agent, foreign),
        Clients(database).update(agent, foreign, ClientChange(name="Мой")),
        Clients(database).attach(agent, foreign, "+79211234567"),
        Clients(database).delete(agent, foreign),
        TimeLine(database).note(agent, foreign, "Заметка"),
    ):
        with pytest.raises(NotFound):
            await act


async def test_an_agent_cannot_give_a_client_to_another_team(database: Database, admin: Scope) -> None:
    agent = await someone(database, "a", "agent", team="Север")
    other = await someone(database, "b", "agent", team="Юг")
    made = await Clients(database).create(agent, ClientDraft(name="Анна"))
    with pytest.raises(Forbidden):
        await Clients(database).update(agent, made.id, ClientChange(responsible=other.user_id, team=other.team))


async def test_several_clients_of_one_number_are_asked_about_once(
    database: Database, admin: Scope, tmp_path: Path
) -> None:
    clients, cards = Clients(database), Cards(database)
    anna = await client(database, admin, "Анна", "+79211234567")
    boris = await client(database, admin, "Борис", "+79211234567")
    async with History(database, tmp_path) as history:
        call = await history.log(answered(ringing()))
        assert call.client_id is None
        card = await cards.card(admin, "+79211234567")
        assert (card.match, card.client, [one["id"] for one in card.candidates]) == ("maybe", None, [anna, boris])
        await clients.choose(admin, "8 921 123-45-67", boris, call.id)
        card = await cards.card(admin, "+79211234567")
        assert card.client is not None
        assert (card.match, card.chosen, card.client["id"]) == ("exact", True, boris)
        assert (await history.log(answered(ringing(name="2")))).client_id == boris
    assert len((await TimeLine(database).of_client(admin, boris)).items) == 2
    await clients.choose(admin, "+79211234567", anna)
    assert (await cards.card(admin, "+79211234567")).client["id"] == anna  # type: ignore[index]


async def test_an_unknown_caller_attached_to_a_client_brings_his_calls(
    database: Database, admin: Scope, tmp_path: Path
) -> None:
    made = await client(database, admin, "Анна")
    async with History(database, tmp_path) as history:
        await history.log(missed(ringing()))
    await Clients(database).attach(admin, made, "+79211234567")
    page = await TimeLine(database).of_client(admin, made)
    assert [(entry["kind"], entry["summary"], entry["outcome"]) for entry in page.items] == [
        ("call", "Входящий, не дождался в очереди, sales", "abandoned")
    ]
    assert (await Calls(database).list(admin, CallFilters(client=made))).items[0]["client_name"] == "Анна"


async def test_a_removed_client_leaves_his_calls_without_a_name(
    database: Database, admin: Scope, tmp_path: Path
) -> None:
    made = await client(database, admin, "Анна", "+79211234567")
    async with History(database, tmp_path) as history:
        await history.log(answered(ringing()))
    await TimeLine(database).note(admin, made, "Заметка")
    await Clients(database).delete(admin, made)
    assert (await Calls(database).list(admin)).items[0]["client_id"] is None
    assert await database.pool.fetchval("select count(*) from history_entry") == 1


async def test_calls_are_filtered_and_paged_newest_first(database: Database, admin: Scope, tmp_path: Path) -> None:
    async with History(database, tmp_path) as history:
        for number in range(5):
            await history.log(answered(ringing(name=str(number), to=str(101 + number % 2), at=number * 60)))
    calls = Calls(database)

    async def names(**filters: object) -> list[str]:
        return [one["linkedid"] for one in (await calls.list(admin, CallFilters(**filters))).items]  # type: ignore[arg-type]

    assert await names() == ["4", "3", "2", "1", "0"]
    assert await names(extension="102") == ["3", "1"]
    assert await names(since=after(60), until=after(180)) == ["2", "1"]
    assert await names(queue="support") == []
    assert await names(outcome="answered", queue="sales") == ["4", "3", "2", "1", "0"]
    first = await calls.list(admin, limit=3)
    second = await calls.list(admin, limit=3, cursor=first.next)
    assert [one["linkedid"] for one in (*first.items, *second.items)] == ["4", "3", "2", "1", "0"]
    assert second.next is None


async def test_a_note_is_saved_alone_and_a_disposition_alone(database: Database, admin: Scope, tmp_path: Path) -> None:
    calls = Calls(database)
    async with History(database, tmp_path) as history:
        call = await history.log(answered(ringing()))
    await calls.patch(admin, call.id, CallPatch(note="Хочет \x00 скидку"))
    kept = await calls.patch(admin, call.id, CallPatch(disposition="order"))
    assert (kept["note"], kept["disposition"]) == ("Хочет \ufffd скидку", "order")
    with pytest.raises(Invalid):
        await calls.patch(admin, call.id, CallPatch(disposition="nonsense"))


async def test_a_missed_call_is_work_until_somebody_talked(database: Database, admin: Scope, tmp_path: Path) -> None:
    calls = Calls(database)
    async with History(database, tmp_path) as history:
        for number in ("1", "2"):
            await history.log(missed(ringing(name=number, at=int(number) * 100)))
        await history.log(missed(ringing("+79031112233", name="3")))
        await database.pool.execute("update call set started_at = now() - linkedid::int * interval '1 hour'")
        found = await calls.missed(admin)
        assert sorted((one["caller"]["number"], one["attempts"]) for one in found) == [
            ("+79031112233", 1),
            ("+79211234567", 2),
        ]
        await history.log(answered(ringing(name="4")))
        await database.pool.execute("update call set started_at = now() where linkedid = '4'")
    assert [one["caller"]["number"] for one in await calls.missed(admin)] == ["+79031112233"]


async def test_a_broken_id_is_a_thing_that_is_not_there(database: Database, admin: Scope) -> None:
    for act in (Clients(database).get(admin, "nonsense"), Calls(database).get(admin, "' or 1=1")):
        with pytest.raises(NotFound):
            await act


async def test_a_team_that_is_not_there_cannot_have_clients(database: Database, admin: Scope) -> None:
    with pytest.raises((Invalid, Conflict)):
        await Clients(database).create(admin, ClientDraft(name="Анна", team="00000000-0000-0000-0000-000000000000"))
