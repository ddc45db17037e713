"""The store's REST through the real frame: the shapes, statuses and rights of the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from config.settings import Settings
from crm_store import http
from crm_store.database import Database
from crm_store.history import History
from crm_store.paging import cursor
from crm_store.passwords import Passwords
from crm_store.store import Store, build
from domain.record import record
from domain.rights import Scope
from switchroom.guard import Address
from switchroom.web import site
from tests.crm_store.calls import answered, missed, ringing
from tests.crm_store.people import PASSWORD, QUICK, someone


@pytest.fixture
async def store(database: Database) -> Store:
    return build(database, Settings(), passwords=Passwords(QUICK))


@pytest.fixture
async def browser(store: Store) -> AsyncIterator[TestClient]:
    async def who(token: str) -> Scope | None:
        signed_in = await store.sessions.check(token)
        return signed_in.scope if signed_in else None

    app = site(routes=http.routes(store), who=who, address=Address(), once=store.once)
    async with TestClient(TestServer(app)) as client:
        yield client


async def enter(browser: TestClient, login: str) -> dict[str, str]:
    answer = await browser.post("/api/v1/session", json={"login": login, "password": PASSWORD})
    assert answer.status == 200
    browser.session.cookie_jar.clear()  # several people take turns here, each with his token
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def test_a_client_lives_from_unknown_caller_to_time_line(
    database: Database, browser: TestClient, tmp_path: Path
) -> None:
    await someone(database, "anna", "agent", extension="101", team="Север")
    me = await enter(browser, "anna")
    call = answered(ringing())
    async with History(database, tmp_path) as history:
        await history.log(call)
    card = await (await browser.get("/api/v1/clients/lookup?number=8 921 123-45-67", headers=me)).json()
    assert (card["match"], card["client"], card["number"]) == ("none", None, "+79211234567")
    draft = {"name": "Пётр Ёлкин", "numbers": [{"number": "8 921 123-45-67", "kind": "mobile"}]}
    made = await browser.post("/api/v1/clients", json=draft, headers=me)
    assert made.status == 201
    client = await made.json()
    one = f"/api/v1/clients/{client['id']}"
    page = await (await browser.get(f"{one}/history", headers=me)).json()
    entry = page["items"][0]
    assert {"id": call.id, "kind": "call", "summary": "Входящий, отвечен, 101, 0:41"}.items() <= entry.items()
    changed = await browser.patch(one, json={"company": "Лютик"}, headers={**me, "If-Match": f'"{client["version"]}"'})
    assert changed.status == 200
    stale = await browser.patch(one, json={"company": "Роза"}, headers={**me, "If-Match": f'"{client["version"]}"'})
    assert stale.status == 412
    assert (await stale.json())["difference"] == {"company": {"yours": "Роза", "theirs": "Лютик"}}
    assert (await browser.delete(one, headers=me)).status == 403
    found = await (await browser.get("/api/v1/clients?query=елкин", headers=me)).json()
    assert [one["id"] for one in found["items"]] == [client["id"]]


async def test_calls_have_the_contracts_shape_and_keep_notes(
    database: Database, browser: TestClient, tmp_path: Path
) -> None:
    await someone(database, "anna", "agent", extension="101")
    await someone(database, "boris", "agent", extension="102")
    anna, boris = await enter(browser, "anna"), await enter(browser, "boris")
    call = missed(ringing())
    async with History(database, tmp_path) as history:
        await history.log(call)
    shown = await (await browser.get(f"/api/v1/calls/{call.id}", headers=anna)).json()
    assert record(call).keys() <= shown.keys()
    assert shown["outcome"] == "abandoned"
    assert (await browser.get(f"/api/v1/calls/{call.id}", headers=boris)).status == 404
    kept = await browser.patch(f"/api/v1/calls/{call.id}", json={"note": "перезвонить"}, headers=anna)
    assert (await kept.json())["note"] == "перезвонить"
    since = "/api/v1/calls?since=2026-11-20T09:00:00.250Z&until=2026-11-20T12:00:01%2B03:00&extension=101"
    assert len((await (await browser.get(since, headers=anna)).json())["items"]) == 1
    wrong = await browser.get("/api/v1/calls?outcome=nonsense&limit=0", headers=anna)
    assert wrong.status == 422
    assert len((await wrong.json())["errors"]) == 2


async def test_the_administrator_makes_and_shuts_out_users(database: Database, browser: TestClient) -> None:
    await someone(database, "root", "admin")
    root = await enter(browser, "root")
    draft = {"login": "vera", "name": "Вера", "role": "agent", "extension": "103", "password": PASSWORD}
    made = await browser.post("/api/v1/users", json=draft, headers=root)
    assert made.status == 201
    user = await made.json()
    assert {"id", "login", "name", "role", "extension", "language", "time_zone"} <= user.keys()
    vera = await enter(browser, "vera")
    assert (await browser.get("/api/v1/users", headers=vera)).status == 403
    who = await (await browser.get("/api/v1/session", headers=vera)).json()
    assert (who["login"], who["user"]["extension"]) == ("vera", "103")
    assert "ticket" in await (await browser.post("/api/v1/session/ticket", headers=vera)).json()
    await browser.post(f"/api/v1/users/{user['id']}/disable", headers=root)
    assert (await browser.get("/api/v1/session", headers=vera)).status == 401
    refused = await browser.post("/api/v1/session", json={"login": "vera", "password": PASSWORD})
    assert refused.status == 401


async def test_every_wrong_field_of_a_new_user_is_named_at_once(database: Database, browser: TestClient) -> None:
    await someone(database, "chief", "admin", None)
    headers = await enter(browser, "chief")
    wrong = await browser.post("/api/v1/users", json={"login": "", "role": "boss", "password": "1"}, headers=headers)
    named = {one["field"] for one in (await wrong.json())["errors"]}
    assert (wrong.status, named) == (422, {"login", "name", "role", "password"})


async def test_times_are_iso_8601_and_nothing_else(database: Database, browser: TestClient) -> None:
    await someone(database, "anna", extension="101")
    anna = await enter(browser, "anna")
    for since, status in (("2026-11-22T10:00:00.000Z", 200), ("2026-11-22", 200), ("1", 422), ("1795369361", 422)):
        assert (await browser.get("/api/v1/calls", params={"since": since}, headers=anna)).status == status, since


async def test_the_time_a_task_is_due_is_iso_8601_and_utc_where_it_has_no_zone(
    database: Database, browser: TestClient
) -> None:
    await someone(database, "anna")
    anna = await enter(browser, "anna")
    task = (await (await browser.post("/api/v1/tasks", json={"title": "t"}, headers=anna)).json())["id"]
    for send, path in ((browser.post, "/api/v1/tasks"), (browser.patch, f"/api/v1/tasks/{task}")):
        for wrong in (5, 1795369361, "5", "1795369361", 1.5, True):
            refused = await send(path, json={"title": "t", "due_at": wrong}, headers=anna)
            assert (refused.status, (await refused.json())["errors"][0]["field"]) == (422, "due_at"), wrong
        for given in ("2026-11-22T10:00:00", "2026-11-22T13:00:00+03:00", "2026-11-22T10:00:00Z"):
            taken = await send(path, json={"title": "t", "due_at": given}, headers=anna)
            assert (await taken.json())["due_at"] == "2026-11-22T10:00:00.000Z", given
    assert (await (await browser.patch(path, json={"due_at": None}, headers=anna)).json())["due_at"] is None


async def test_every_list_refuses_a_cursor_that_is_not_its_own(database: Database, browser: TestClient) -> None:
    await someone(database, "anna", extension="101")
    anna = await enter(browser, "anna")
    made = await (await browser.post("/api/v1/clients", json={"name": "Мария"}, headers=anna)).json()
    broken = (
        (),
        ("x", made["id"]),
        ("2026-11-22", "y"),
        (5, None),
        (None, {}),
        ("0001-01-01T00:00:00+14:00", made["id"]),
    )
    for path in ("calls", "orders", "tasks", f"clients/{made['id']}/history"):
        own = [cursor(path.rsplit("/", maxsplit=1)[-1], *values) for values in broken]
        for wrong in ("junk", "ж", *own, cursor("clients", "мария", made["id"])):
            refused = await browser.get(f"/api/v1/{path}", params={"cursor": wrong}, headers=anna)
            assert refused.status == 422, (path, wrong)
            assert [one["field"] for one in (await refused.json())["errors"]] == ["cursor"]


async def test_logging_out_ends_the_session(database: Database, browser: TestClient) -> None:
    await someone(database, "anna")
    me = await enter(browser, "anna")
    assert (await browser.delete("/api/v1/session", headers=me)).status == 204
    assert (await browser.get("/api/v1/session", headers=me)).status == 401


@pytest.mark.parametrize(
    "path", ["tasks", "orders", "calls/dispositions", "teams", "users/me/settings", "calls/missed", "clients"]
)
async def test_every_list_answers_and_needs_a_log_in(database: Database, browser: TestClient, path: str) -> None:
    await someone(database, "anna", extension="101")
    assert (await browser.get(f"/api/v1/{path}")).status == 401
    assert (await browser.get(f"/api/v1/{path}", headers=await enter(browser, "anna"))).status == 200
