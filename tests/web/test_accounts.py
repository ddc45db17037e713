"""Logging in and out, the first administrator, and who works here: the forms, over a real client base."""

import aiohttp

from crm_store.database import Database
from domain.rights import Role
from tests.web.house import PASSWORD, open_house
from tests.web.test_rest import program

FIRST = {"name": "Павел Седов", "login": "pavel", "password": PASSWORD, "again": PASSWORD}


async def test_an_empty_house_asks_for_its_first_administrator_once(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        assert (await browser.get("/login")).path == "/setup"
        wrong = await browser.post("/setup", **{**FIRST, "again": "another"})
        assert (wrong.status, 'value="pavel"' in wrong.text) == (422, True)
        assert "The two passwords differ" in wrong.words
        assert PASSWORD not in wrong.text
        done = await browser.post("/setup", **FIRST)
        assert (done.status, done.path) == (200, "/users")
        assert "Павел Седов" in done.words
        assert (await browser.get("/setup")).path == "/"
        async with house.browser() as second:
            late = await second.post("/setup", **{**FIRST, "login": "late"})
            assert late.status == 409
            assert "There are users already" in late.words


async def test_a_house_without_an_administrator_is_told_how_to_make_one(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna")
        page = await browser.get("/setup")
        assert ("switchroom user add admin --role admin" in page.text, 'action="/setup"' in page.text) == (True, False)
        assert (await browser.post("/setup", **FIRST)).status == 409, "it is open to anybody: nobody makes himself one"
        await house.user("boss", "admin")
        assert (await browser.get("/setup")).path == "/login"


async def test_a_login_the_form_cannot_take_is_named_beside_its_field(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        wrong = await browser.post("/setup", **{**FIRST, "login": "two words"})
        assert wrong.status == 422
        assert 'aria-invalid="true"' in wrong.text


async def test_logging_in_leads_to_where_one_wanted_to_go_and_out_again(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna", name="Анна Орлова")
        asked = await browser.get("/account")
        assert asked.path == "/login?next=/account"
        inside = await browser.log_in("anna", target="/account")
        assert (inside.status, inside.path) == (200, "/account")
        assert "Анна Орлова" in inside.words
        assert (await browser.post("/logout")).path == "/login"
        assert (await browser.get("/account")).path == "/login?next=/account"
        assert browser.cookie() is None


async def test_a_wrong_password_keeps_the_login_and_never_leads_elsewhere(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna")
        wrong = await browser.log_in("anna", "wrong", target="https://evil.example")
        assert (wrong.status, 'value="anna"' in wrong.text, "evil" in wrong.text) == (401, True, False)
        assert "The login or the password is wrong" in wrong.words


async def test_guessing_is_slowed_down_and_says_for_how_long(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna")
        pages = [await browser.log_in("anna", f"guess {number}") for number in range(12)]
        assert pages[0].status == 401
        assert pages[-1].status == 429
        assert "Too many attempts: wait" in pages[-1].words
        assert (await browser.log_in("anna")).status == 429


async def test_a_user_who_is_shut_out_is_out_at_once_and_can_be_let_in_again(database: Database) -> None:
    async with open_house(database) as house, house.browser() as chief, house.browser() as agent:
        await house.user("pavel", "admin")
        anna = await house.user("anna", extension="101")
        await chief.log_in("pavel", target="/users")
        await agent.log_in("anna")
        unsure = await chief.post(f"/users/{anna.id}/disable")
        assert (unsure.status, (await agent.get("/account")).path) == (409, "/account")
        await chief.post(f"/users/{anna.id}/disable", sure="1")
        assert (await agent.get("/account")).path == "/login?next=/account"
        assert (await agent.log_in("anna")).status == 401
        await chief.post(f"/users/{anna.id}/enable")
        assert (await agent.log_in("anna")).status == 200


async def test_only_an_administrator_sees_who_works_here(database: Database) -> None:
    async with open_house(database) as house:
        statuses: dict[Role, int] = {"agent": 403, "supervisor": 403, "admin": 200}
        for role, status in statuses.items():
            async with house.browser() as browser:
                await house.user(f"a-{role}", role)
                await browser.log_in(f"a-{role}")
                assert (await browser.get("/users")).status == status


async def test_an_administrator_creates_changes_and_finds_people(database: Database) -> None:
    async with open_house(database) as house, house.browser() as chief, house.browser() as agent:
        await house.user("pavel", "admin")
        await chief.log_in("pavel", target="/users")
        form = {"name": "Анна <b>Орлова</b>", "login": "anna", "role": "agent", "extension": "101", "team": "Продажи"}
        short = await chief.post("/users", **form, password="short")
        assert (short.status, "не менее 8 знаков" in short.words, 'value="anna"' in short.text) == (422, True, True)
        made = await chief.post("/users", **form, password=PASSWORD)
        assert "Анна &lt;b&gt;Орлова&lt;/b&gt;" in made.text
        assert 'data-number="101"' in made.text
        taken = await chief.post("/users", **{**form, "login": "boris"}, password=PASSWORD)
        assert (taken.status, "Анна" in (await chief.get("/users?q=101")).words) == (409, True)
        anna = next(one for one in await house.store.users.list() if one.login == "anna")
        await chief.post(f"/users/{anna.id}", name="Анна", role="supervisor", extension="", team="Продажи")
        after = await house.store.users.get(anna.id)
        assert (after.name, after.role, after.extension, after.team_name) == ("Анна", "supervisor", None, "Продажи")
        await chief.post(f"/users/{anna.id}/password", password="another long one")
        assert (await agent.log_in("anna", "another long one")).status == 200
        last = await chief.post(f"/users/{(await house.store.users.by_login('pavel')).id}/disable", sure="1")
        assert last.status == 409


async def test_one_browser_logs_another_out(database: Database) -> None:
    async with open_house(database) as house, house.browser() as desk, house.browser() as forgotten:
        anna = await house.user("anna")
        await forgotten.log_in("anna")
        page = await desk.log_in("anna")
        assert page.text.count('name="session"') == 1
        other = next(one for one in await house.store.sessions.of_user(anna.id, desk.cookie()) if not one["current"])
        await desk.post("/account/sessions", session=other["id"])
        assert (await forgotten.get("/account")).path == "/login?next=/account"
        assert (await desk.get("/account")).status == 200


async def test_a_new_password_needs_the_present_one_and_logs_every_other_browser_out(database: Database) -> None:
    async with open_house(database) as house, house.browser() as desk, house.browser() as forgotten:
        await house.user("anna")
        await forgotten.log_in("anna")
        await desk.log_in("anna")
        new = {"password": "another long one", "again": "another long one"}
        wrong = await desk.post("/account/password", present="wrong", **new)
        assert (wrong.status, "не ваш текущий пароль" in wrong.words) == (422, True)
        done = await desk.post("/account/password", present=PASSWORD, **new)
        assert (done.status, done.path) == (200, "/account")
        assert (await forgotten.get("/account")).path == "/login?next=/account"


async def test_language_zone_keys_and_the_moment_of_the_card_are_kept_on_the_server(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        anna = await house.user("anna")
        assert "Мой стол" in (await browser.log_in("anna")).words
        chosen = {"language": "en", "time_zone": "Asia/Yekaterinburg", "set": "laptop", "pop": "answer"}
        page = await browser.post("/account", **chosen, key_answer="F10")
        assert "My desk" in page.words
        settings = await house.store.users.settings(anna.scope)
        assert settings["keys"] == {"set": "laptop", "own": {"answer": "F10"}, "digits": False}
        assert (settings["pop"], settings["time_zone"]) == ("answer", "Asia/Yekaterinburg")
        wrong = await browser.post("/account", **{**chosen, "time_zone": "Mars/Olympus"})
        assert (wrong.status, "There is no such time zone" in wrong.words) == (422, True)
        await browser.post("/preferences", language="ru", next="/account")
        assert "Мой стол" in (await browser.get("/account")).words


async def test_a_language_chosen_before_the_log_in_becomes_the_users_own(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser, house.browser() as admin:
        anna = await house.user("anna")
        asked = await browser.post("/preferences", language="en", next="/login?next=/account")
        assert (asked.path, 'name="chosen" value="en"' in asked.text) == ("/login?next=/account&language=en", True)
        await browser.post("/login", login="anna", password=PASSWORD, next="/account", chosen="en")
        assert "My desk" in (await browser.get("/account")).words
        assert (await house.store.users.get(anna.id)).language == "en"
        await house.user("pavel", "admin")
        await admin.log_in("pavel", target="/users")
        await admin.post("/preferences", language="en", next="/users")
        await admin.post("/users", name="Ann", login="ann", role="agent", password=PASSWORD)
        assert (await house.store.users.by_login("ann")).language == "en", "whom an English admin adds reads English"


async def test_a_time_zone_that_does_not_exist_is_refused_by_name_and_an_old_one_breaks_no_page(
    database: Database,
) -> None:
    async with open_house(database) as house, house.browser() as browser, aiohttp.ClientSession() as session:
        await house.user("pavel", "admin")
        chief = await program(house, session, "pavel")
        mars = {"time_zone": "Mars/Phobos"}
        new = {"login": "anna", "name": "Анна", "password": PASSWORD}
        status, made = await chief.ask("POST", "/users", new)
        assert status == 201
        asked = (
            ("POST", "/users", {**new, "login": "boris", **mars}),
            ("PUT", "/users/me/settings", mars),
            ("PATCH", f"/users/{made['id']}", mars),
        )
        for method, path, body in asked:
            status, problem = await chief.ask(method, path, body)
            assert (status, problem["errors"][0]["field"]) == (422, "time_zone")
            assert problem["errors"][0]["detail"] == "Такого часового пояса нет"
        await database.pool.execute("update app_user set time_zone = 'Mars/Phobos' where login = 'anna'")
        await browser.log_in("anna")
        for path in ("/account", "/calls"):
            assert (path, (await browser.get(path)).status) == (path, 200)
