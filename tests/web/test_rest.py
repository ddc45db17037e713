"""REST over the real client base: log-in, rights, versions, idempotency, and a valid description of all of it."""

from pathlib import Path
from typing import Any

import aiohttp
from openapi_spec_validator import OpenAPIV31SpecValidator

from crm_store import http
from crm_store.database import Database
from crm_store.history import History
from tests.crm_store.calls import answered, ringing
from tests.web.house import ADDRESS, PASSWORD, House, open_house


class Program:
    """A program that talks to the API with a token."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, token: str | None) -> None:
        self._session, self._root = session, origin + "/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and document."""
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.request(method, self._root + path, json=body, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None) if answer.status != 204 else None


async def program(house: House, session: aiohttp.ClientSession, login: str) -> Program:
    """Log in as `login`."""
    nobody = Program(session, house.origin, None)
    status, opened = await nobody.ask("POST", "/session", {"login": login, "password": PASSWORD})
    assert status == 200
    return Program(session, house.origin, opened["token"])


async def test_a_session_is_opened_asked_and_ended(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        await house.user("anna", extension="101", name="Анна")
        api = await program(house, session, "anna")
        status, told = await api.ask("GET", "/session")
        assert (status, told["user"]["login"], told["user"]["extension"]) == (200, "anna", "101")
        assert "password" not in str(told)
        assert await api.ask("DELETE", "/session") == (204, None)
        status, problem = await api.ask("GET", "/session")
        assert (status, problem["title"]) == (401, "Сначала войдите")


async def test_logging_in_over_rest_sets_the_browsers_cookie(database: Database) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        await house.user("anna")
        credentials = {"login": "anna", "password": PASSWORD}
        async with session.post(house.origin + "/api/v1/session", json=credentials) as answer:
            assert answer.cookies[ADDRESS.cookie].value == (await answer.json())["token"]
        async with session.delete(house.origin + "/api/v1/session") as answer:
            assert answer.status == 403
        async with session.delete(house.origin + "/api/v1/session", headers={"Origin": house.origin}) as answer:
            assert answer.status == 204


async def test_a_wrong_password_is_a_problem_and_many_are_throttled(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        await house.user("anna")
        nobody = Program(session, house.origin, None)
        told = [await nobody.ask("POST", "/session", {"login": "anna", "password": f"no {n}"}) for n in range(12)]
        assert [told[0][0], told[-1][0]] == [401, 429]
        assert told[-1][1]["retry_after"] >= 1


async def test_a_client_is_changed_by_whoever_knows_its_version(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        await house.user("boss", "supervisor")
        api = await program(house, session, "boss")
        status, client = await api.ask("POST", "/clients", {"name": "Мария", "numbers": [{"number": "89211234567"}]})
        assert (status, client["numbers"][0]["number"]) == (201, "+79211234567")
        path = f"/clients/{client['id']}"
        status, changed = await api.ask("PATCH", path, {"name": "Маша"}, If_Match=f'"{client["version"]}"')
        assert (status, changed["name"]) == (200, "Маша")
        status, problem = await api.ask("PATCH", path, {"name": "Мари"}, If_Match=f'"{client["version"]}"')
        assert (status, problem["difference"]) == (412, {"name": {"yours": "Мари", "theirs": "Маша"}})
        status, problem = await api.ask("PATCH", path, {"nmae": "x", "kind": "robot"})
        assert (status, {one["field"] for one in problem["errors"]}) == (422, {"nmae", "kind"})


async def test_a_call_a_task_and_a_user_are_changed_by_whoever_knows_their_version(
    database: Database, tmp_path: Path
) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession() as session,
        History(database, tmp_path) as history,
    ):
        boss = await house.user("boss", "admin")
        call = await history.log(answered(ringing()))
        api = await program(house, session, "boss")
        _, task = await api.ask("POST", "/tasks", {"title": "первое"})
        things = {f"/calls/{call.id}": "note", f"/tasks/{task['id']}": "title", f"/users/{boss.id}": "name"}
        for path, field in things.items():
            _, before = await api.ask("GET", path)
            known = f'"{before["version"]}"'
            status, after = await api.ask("PATCH", path, {field: "второе"}, If_Match=known)
            assert (status, after[field]) == (200, "второе"), path
            status, problem = await api.ask("PATCH", path, {field: "третье"}, If_Match=known)
            assert (status, problem["difference"]) == (412, {field: {"yours": "третье", "theirs": "второе"}}), path
            status, after = await api.ask("PATCH", path, {field: "третье"}, If_Match=f'"{after["version"]}"')
            assert (status, after[field]) == (200, "третье"), path
            assert (await api.ask("PATCH", path, {field: "четвёртое"}))[0] == 200, path


async def test_what_the_pbx_tells_of_a_call_makes_no_new_version_of_what_people_typed(
    database: Database, tmp_path: Path
) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession() as session,
        History(database, tmp_path) as history,
    ):
        await house.user("boss", "admin")
        call = await history.log(ringing())
        api = await program(house, session, "boss")
        async with session.get(house.origin + f"/api/v1/calls/{call.id}", headers=api._headers) as answer:
            tag = answer.headers["ETag"]
        await history.log(answered(call))
        assert (await api.ask("PATCH", f"/calls/{call.id}", {"note": "да"}, If_Match=tag))[0] == 200


async def test_a_call_says_whether_its_client_may_be_opened(database: Database, tmp_path: Path) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession() as session,
        History(database, tmp_path) as history,
    ):
        await house.user("anna", extension="101")
        await house.user("boss", "admin", extension="102")
        agent, boss = await program(house, session, "anna"), await program(house, session, "boss")
        mine = (await boss.ask("GET", "/session"))[1]["id"]
        draft = {"name": "Мария", "numbers": [{"number": "+79211234567"}], "responsible": mine}
        assert (await boss.ask("POST", "/clients", draft))[0] == 201
        call = await history.log(answered(ringing()))
        for api, may in ((agent, False), (boss, True)):
            _, one = await api.ask("GET", f"/calls/{call.id}")
            assert (bool(one["client_id"]), one["client_visible"]) == (True, may)
            assert (await api.ask("GET", f"/clients/{one['client_id']}"))[0] == (200 if may else 404)
            assert (await api.ask("GET", "/calls"))[1]["items"][0]["client_visible"] is may


async def test_lists_go_on_by_their_cursor_and_refuse_a_foreign_one(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        await house.user("boss", "supervisor")
        api = await program(house, session, "boss")
        for name in ("Анна", "Борис", "Вера"):
            await api.ask("POST", "/clients", {"name": name})
        _, first = await api.ask("GET", "/clients?limit=2")
        _, second = await api.ask("GET", f"/clients?limit=2&cursor={first['next']}")
        names = [client["name"] for client in first["items"] + second["items"]]
        assert (names, second["next"]) == (["Анна", "Борис", "Вера"], None)
        status, problem = await api.ask("GET", "/clients?cursor=junk")
        assert (status, problem["errors"][0]["field"]) == (422, "cursor")


async def test_a_field_that_refers_to_nothing_is_named(database: Database, tmp_path: Path) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession() as session,
        History(database, tmp_path) as history,
    ):
        await house.user("boss", "admin")
        call = await history.log(answered(ringing()))
        api = await program(house, session, "boss")
        _, task = await api.ask("POST", "/tasks", {"title": "первое"})
        _, client = await api.ask("POST", "/clients", {"name": "Мария"})
        nobody = "00000000-0000-7000-8000-000000000000"
        asked: list[tuple[str, str, dict[str, str] | None, list[str]]] = [
            *(("GET", f"/{things}?client=zzz", None, ["client"]) for things in ("calls", "tasks", "orders")),
            *(("GET", f"/notes?client={one}", None, ["client"]) for one in ("x", nobody)),
            *(("POST", "/notes", {"text": "t", "client_id": one}, ["client_id"]) for one in ("x", nobody)),
            *(("PATCH", f"/calls/{call.id}", {"client_id": one}, ["client_id"]) for one in ("x", nobody)),
            *(("POST", "/tasks", {"title": "t", "client_id": one}, ["client_id"]) for one in ("x", nobody)),
            *(("POST", "/tasks", {"title": "t", "assignee": one}, ["assignee"]) for one in ("x", nobody)),
            *(("PATCH", f"/tasks/{task['id']}", {"assignee": one}, ["assignee"]) for one in ("x", nobody)),
            ("POST", "/clients", {"name": "Н", "responsible": nobody, "team": "x"}, ["responsible", "team"]),
            ("PATCH", f"/clients/{client['id']}", {"responsible": "x", "team": nobody}, ["responsible", "team"]),
            ("PATCH", f"/calls/{call.id}", {"disposition": "x", "client_id": nobody}, ["client_id", "disposition"]),
        ]
        for method, path, body, wrong in asked:
            status, problem = await api.ask(method, path, body)
            assert (status, [one["field"] for one in problem["errors"]]) == (422, wrong), (path, body)
            assert {one["detail"] for one in problem["errors"]} == {"Указано то, чего нет"}
        for path in ("/calls/x", f"/tasks/{nobody}", "/orders/x", "/clients/x/history"):
            assert (await api.ask("GET", path))[0] == 404, path


async def test_an_unknown_key_is_named_as_it_was_written(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        await house.user("boss", "admin")
        api = await program(house, session, "boss")
        draft = {"name": "Мария", "first-name": 1, "1": 2, "numbers": [{"number": "+79211234567", "кому звонить": 3}]}
        status, problem = await api.ask("POST", "/clients", draft)
        named = {one["field"] for one in problem["errors"]}
        assert (status, named) == (422, {"first-name", "1", "numbers[0].кому звонить"})
        status, problem = await api.ask("GET", "/calls?per-page=5")
        assert (status, [one["field"] for one in problem["errors"]]) == (422, ["per-page"])


async def test_roles_decide_who_may(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        await house.user("anna")
        await house.user("boss", "admin")
        agent, admin = await program(house, session, "anna"), await program(house, session, "boss")
        draft = {"login": "boris", "name": "Борис", "password": PASSWORD}
        assert (await agent.ask("POST", "/users", draft))[0] == 403
        status, made = await admin.ask("POST", "/users", draft)
        assert (status, "password" in made) == (201, False)
        assert (await admin.ask("DELETE", f"/users/{made['id']}"))[0] == 200


async def test_an_agent_reads_his_calls_and_nobody_elses(database: Database, tmp_path: Path) -> None:
    async with (
        open_house(database) as house,
        aiohttp.ClientSession() as session,
        History(database, tmp_path) as history,
    ):
        await house.user("anna", extension="101")
        own = await history.log(answered(ringing()))
        foreign = await history.log(answered(ringing(to="102", name="2")))
        api = await program(house, session, "anna")
        status, call = await api.ask("GET", f"/calls/{own.id}")
        assert (status, call["started_at"], call["talk_seconds"]) == (200, "2026-11-20T09:00:00.250Z", 41.0)
        assert (await api.ask("GET", f"/calls/{foreign.id}"))[0] == 404
        assert [one["id"] for one in (await api.ask("GET", "/calls"))[1]["items"]] == [own.id]
        status, noted = await api.ask("PATCH", f"/calls/{own.id}", {"note": "перезвонить", "disposition": "callback"})
        assert (status, noted["note"]) == (200, "перезвонить")


async def test_the_description_of_the_client_base_is_valid_and_whole(database: Database) -> None:
    async with open_house(database) as house, aiohttp.ClientSession() as session:
        async with session.get(house.origin + "/api/v1/openapi.json") as answer:
            spec = await answer.json()
        OpenAPIV31SpecValidator(spec).validate()
        told = {(method.upper(), path) for path, ways in spec["paths"].items() for method in ways}
        assert told == {(route.method, route.path) for route in http.routes(house.store)}
        async with session.get(house.origin + "/api/v1/docs") as answer:
            assert answer.status == 200
