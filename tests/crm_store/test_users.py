"""Who works here, who gets in, and who no longer does."""

import asyncio

import pytest

from config.settings import Settings
from crm_store.database import Database
from crm_store.passwords import Passwords
from crm_store.sessions import FREE_ATTEMPTS, Sessions
from crm_store.store import build
from crm_store.user import UserDraft, UserPatch
from domain.events import UserChanged
from domain.problems import Conflict, Invalid, NotFound, TooMany, Unauthorised
from tests.crm_store.people import PASSWORD, QUICK, someone, users

HERE = "192.0.2.1"


def sessions(database: Database) -> Sessions:
    return Sessions(database, users(database))


async def opened(database: Database, login: str = "anna", password: str = PASSWORD, address: str = HERE) -> str:
    token, _ = await sessions(database).open(login, password, address=address)
    return token


async def test_the_first_administrator_is_made_once(database: Database) -> None:
    people = users(database)
    assert not await people.any()
    both = (people.create_first_admin("root", "Первый", PASSWORD), people.create_first_admin("r2", "Второй", PASSWORD))
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "User"]


async def test_a_session_says_who_asks_until_it_is_revoked(database: Database) -> None:
    scope = await someone(database, "anna", "agent", extension="101", team="Север")
    token = await opened(database, "Anna")
    signed_in = await sessions(database).check(token)
    assert signed_in is not None
    assert signed_in.scope == scope
    await sessions(database).revoke(token)
    assert await sessions(database).check(token) is None
    assert await sessions(database).recheck(signed_in.session_id) is None


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "\udcff", "x" * 10_000])
async def test_a_made_up_token_is_nobodys(database: Database, token: str) -> None:
    assert await sessions(database).check(token) is None
    assert await sessions(database).redeem(token) is None


async def test_who_is_shut_out_is_out_at_once(database: Database) -> None:
    told: list[UserChanged] = []
    scope = await someone(database, "anna")
    token = await opened(database)
    people = users(database)
    people._changed = told.append
    await people.disable(None, scope.user_id)
    assert await sessions(database).check(token) is None
    assert [(news.user_id, news.signed_out) for news in told] == [(scope.user_id, True)]
    with pytest.raises(Unauthorised):
        await opened(database)
    await people.enable(None, scope.user_id)
    assert await opened(database)


async def test_another_password_ends_every_session(database: Database) -> None:
    scope = await someone(database, "anna")
    token = await opened(database)
    await users(database).reset_password(None, scope.user_id, "another horse")
    assert await sessions(database).check(token) is None
    with pytest.raises(Unauthorised):
        await opened(database)
    assert await opened(database, password="another horse")


async def test_nobody_learns_whether_a_user_exists(database: Database) -> None:
    await someone(database, "anna")
    answers = []
    for login in ("anna", "nobody"):
        for _ in range(FREE_ATTEMPTS["login"] + 3):
            try:
                await opened(database, login, "wrong horse", address=login)
            except (Unauthorised, TooMany) as problem:
                answers.append((login, type(problem).__name__))
    assert [kind for login, kind in answers if login == "anna"] == [
        kind for login, kind in answers if login == "nobody"
    ]
    assert ("anna", "TooMany") in answers


async def test_guessing_is_slowed_down_and_waiting_ends_it(database: Database) -> None:
    await someone(database, "anna")
    for _ in range(FREE_ATTEMPTS["login"] + 1):
        with pytest.raises(Unauthorised):
            await opened(database, password="wrong horse")
    with pytest.raises(TooMany) as problem:
        await opened(database)
    assert 0 < problem.value.extra["retry_after"] <= 2
    await database.pool.execute("update login_throttle set until = now()")
    assert await opened(database)
    assert await opened(database)


async def test_one_address_cannot_try_everybody(database: Database) -> None:
    await database.pool.execute(
        "insert into login_throttle (key, attempts, since) values ($1, $2, now())",
        f"address:{HERE}",
        FREE_ATTEMPTS["address"],
    )
    with pytest.raises(Unauthorised):
        await opened(database, "somebody", "wrong horse")
    with pytest.raises(TooMany):
        await opened(database, "somebody else", "wrong horse")


async def test_an_office_that_logs_in_from_one_address_is_not_slowed_down(database: Database) -> None:
    await someone(database, "anna")
    for _ in range(FREE_ATTEMPTS["address"] + 5):
        await opened(database)
    assert await database.pool.fetchval("select attempts from login_throttle") == 0


async def test_a_ticket_is_good_once_and_for_half_a_minute(database: Database) -> None:
    await someone(database, "anna")
    token = await opened(database)
    ticket = await sessions(database).ticket(token)
    first = await sessions(database).redeem(ticket)
    assert first is not None
    assert first.scope.login == "anna"
    assert await sessions(database).redeem(ticket) is None
    late = await sessions(database).ticket(token)
    await database.pool.execute("update ticket set expires_at = now()")
    assert await sessions(database).redeem(late) is None


async def test_a_ticket_dies_with_its_session(database: Database) -> None:
    await someone(database, "anna")
    token = await opened(database)
    ticket = await sessions(database).ticket(token)
    await sessions(database).revoke(token)
    assert await sessions(database).redeem(ticket) is None
    with pytest.raises(Unauthorised):
        await sessions(database).ticket(token)


async def test_a_session_nobody_uses_ends(database: Database) -> None:
    await someone(database, "anna")
    token = await opened(database)
    await database.pool.execute("update session set seen_at = now() - interval '13 hours'")
    assert await sessions(database).check(token) is None


async def test_neither_tokens_nor_passwords_are_kept(database: Database) -> None:
    await someone(database, "anna")
    token = await opened(database)
    ticket = await sessions(database).ticket(token)
    for table in ("app_user", "session", "ticket", "audit"):
        kept = str(await database.pool.fetch(f"select t::text from {table} t"))
        for secret in (token, ticket, PASSWORD):
            assert secret not in kept


async def test_login_and_extension_belong_to_one_user(database: Database) -> None:
    await someone(database, "anna", extension="101")
    for login, extension in (("ANNA", None), ("boris", "101")):
        with pytest.raises(Conflict):
            await someone(database, login, extension=extension)


async def test_the_extension_of_who_left_can_be_given_away(database: Database) -> None:
    anna = await someone(database, "anna", extension="101")
    await users(database).disable(None, anna.user_id)
    await someone(database, "boris", extension="101")
    assert await users(database).names() == {"101": "Имя boris"}
    with pytest.raises(Conflict):
        await users(database).enable(None, anna.user_id)


async def test_the_last_administrator_stays(database: Database) -> None:
    root = await someone(database, "root", "admin")
    for act in (
        users(database).disable(None, root.user_id),
        users(database).change(None, root.user_id, UserPatch(role="agent")),
    ):
        with pytest.raises(Conflict):
            await act


async def test_a_changed_role_counts_at_once(database: Database) -> None:
    anna = await someone(database, "anna", extension="101", team="Север")
    token = await opened(database)
    await users(database).change(None, anna.user_id, UserPatch(role="supervisor", extension=None, team="Юг"))
    signed_in = await sessions(database).check(token)
    assert signed_in is not None
    assert (signed_in.scope.role, signed_in.scope.extension) == ("supervisor", None)
    assert (await users(database).get(anna.user_id)).team_name == "Юг"


async def test_a_users_choices_are_kept_one_by_one(database: Database) -> None:
    anna = await someone(database, "anna")
    await users(database).set_settings(anna, {"language": "en", "keys": {"answer": "F2"}})
    kept = await users(database).set_settings(anna, {"pop": "always"})
    assert kept == {"language": "en", "time_zone": "Europe/Moscow", "keys": {"answer": "F2"}, "pop": "always"}


async def test_a_new_user_reads_the_houses_language_and_clock_unless_others_are_chosen(database: Database) -> None:
    house = Settings(language="en", time_zone="Asia/Yekaterinburg")
    people = build(database, house, passwords=Passwords(QUICK)).users
    await people.create_first_admin("boss", "Boss", PASSWORD, "ru")
    await people.create(None, UserDraft(login="ann", name="Ann"), PASSWORD)
    await people.create(None, UserDraft(login="vera", name="Вера", language="ru", time_zone="Asia/Omsk"), PASSWORD)
    assert {one.login: (one.language, one.time_zone) for one in await people.list()} == {
        "boss": ("ru", "Asia/Yekaterinburg"),
        "ann": ("en", "Asia/Yekaterinburg"),
        "vera": ("ru", "Asia/Omsk"),
    }


async def test_short_passwords_and_unknown_users_are_refused(database: Database) -> None:
    with pytest.raises(Invalid):
        await users(database).create(None, UserDraft(login="a", name="А"), "short")
    with pytest.raises(NotFound):
        await users(database).by_login("nobody")
