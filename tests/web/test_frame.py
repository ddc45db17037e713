"""The web frame: what every route gets from it, whatever room it is of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from domain.problems import Conflict, NotFound, Stale, TooMany, Unavailable
from domain.rights import Scope
from domain.routes import Page, RequestFacts, Route
from tests.web.house_of_fakes import ADDRESS, served

AT = datetime(2026, 11, 22, 15, 36, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    number: str
    kind: Literal["mobile", "work"] = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    name: Annotated[str, Field(min_length=1, max_length=10)]
    numbers: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    name: str
    at: datetime = AT
    version: int = 3


class Filters(BaseModel):
    since: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    outcome: list[str] = []


async def _read(user: Scope, id: str) -> Shown:  # noqa: A002 - the path's own word
    if id == "none":
        raise NotFound("There is no such page or record")
    return Shown(name=f"{user.name} {id}")


async def _lookup(user: Scope) -> dict[str, str]:
    return {"found": user.login}


async def _list(user: Scope, query: Filters) -> Page[Shown]:
    return Page(items=(Shown(name=f"{query.limit} {query.outcome} {query.since}"),), next="further")


async def _create(user: Scope, body: Draft) -> Shown:
    return Shown(name=body.name)


async def _change(user: Scope, id: str, body: Draft, version: int | None) -> Shown:  # noqa: A002
    if version not in (None, 3):
        raise Stale("Somebody else changed it", {"difference": {"name": {"yours": body.name, "theirs": "Анна"}}})
    return Shown(name=body.name, version=4)


async def _delete(user: Scope, id: str) -> None:  # noqa: A002
    return None


class Dialler:
    """Counts how often it really dials."""

    def __init__(self) -> None:
        self.dialled = 0

    async def dial(self, user: Scope, body: Draft) -> dict[str, Any]:
        """Ring the agent, then the number."""
        if body.name == "busy":
            raise Conflict("Your phone is busy")
        self.dialled += 1
        if body.name == "silent":
            raise Unavailable("The PBX did not answer in time", {"outcome": "unknown"})
        return {"id": self.dialled, "at": AT}


async def _log_in(body: dict[str, str], request: RequestFacts) -> dict[str, Any]:
    if body["password"] == "throttled":
        raise TooMany("Too many attempts; wait {retry_after} seconds", {"retry_after": 30})
    return {"token": "agents-token", "user": {"login": body["login"], "address": request.address}}


async def _log_out(user: Scope, request: RequestFacts) -> None:
    return None


async def _break(user: Scope) -> dict[str, str]:
    raise RuntimeError("secret detail")


def table(dialler: Dialler | None = None) -> tuple[Route, ...]:
    return (
        Route(method="GET", path="/things/{id}", handler=_read, summary="One thing"),
        Route(method="GET", path="/things/lookup", handler=_lookup, summary="Find one"),
        Route(method="GET", path="/things", handler=_list, summary="Things"),
        Route(method="POST", path="/things", handler=_create, summary="Make one", status=201),
        Route(method="PATCH", path="/things/{id}", handler=_change, summary="Change one"),
        Route(method="DELETE", path="/things/{id}", handler=_delete, summary="Remove one", roles=frozenset({"admin"})),
        Route(
            method="POST",
            path="/calls",
            handler=(dialler or Dialler()).dial,
            summary="Dial",
            status=202,
            once=True,
        ),
        Route(method="POST", path="/session", handler=_log_in, summary="Log in", public=True, session="open"),
        Route(method="DELETE", path="/session", handler=_log_out, summary="Log out", session="close", status=204),
        Route(method="GET", path="/broken", handler=_break, summary="Break"),
    )


async def test_a_handlers_dataclass_is_json_with_utc_milliseconds_and_its_version_as_etag() -> None:
    async with served(table()) as browser, browser.get("/api/v1/things/7") as answer:
        assert await answer.json() == {"name": "Анна 7", "at": "2026-11-22T15:36:00.123Z", "version": 3}
        assert answer.headers["ETag"] == '"3"'
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_literal_path_is_tried_before_a_path_with_a_name_in_it() -> None:
    async with served(table()) as browser, browser.get("/api/v1/things/lookup") as answer:
        assert await answer.json() == {"found": "anna"}


async def test_a_query_is_read_into_the_handlers_type() -> None:
    asked = "/api/v1/things?limit=5&outcome=busy&outcome=failed&since=2026-11-22T00:00:00Z"
    async with served(table()) as browser, browser.get(asked) as answer:
        page = await answer.json()
    assert page["next"] == "further"
    assert page["items"][0]["name"] == "5 ['busy', 'failed'] 2026-11-22 00:00:00+00:00"


async def test_every_wrong_field_is_listed_in_the_readers_language() -> None:
    wrong = {"name": "", "numbers": [{"number": 5, "kind": "home"}], "nmae": "Anna"}
    async with served(table()) as browser, browser.post("/api/v1/things?limit=1", json=wrong) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert answer.status == 422
    fields = {one["field"]: one["detail"] for one in problem["errors"]}
    assert set(fields) == {"name", "numbers[0].number", "numbers[0].kind", "nmae", "limit"}
    assert fields["nmae"] == "Такого поля нет"
    assert fields["numbers[0].kind"] == "Здесь может быть только: 'mobile', 'work'"
    assert problem["title"] == "Некоторые поля заполнены неверно"


async def test_a_body_that_is_not_json_is_refused_in_words() -> None:
    async with served(table()) as browser:
        async with browser.post("/api/v1/things", data=b"{", headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 422
            assert (await answer.json(content_type=None))["errors"][0]["detail"] == "Тело запроса — не JSON"
        async with browser.post("/api/v1/things", data=b'{"name": "x"}') as answer:
            assert answer.status == 415


async def test_a_stale_change_is_refused_with_the_difference() -> None:
    async with served(table()) as browser:
        async with browser.patch("/api/v1/things/7", json={"name": "Ася"}, headers={"If-Match": '"2"'}) as answer:
            problem = await answer.json(content_type=None)
            assert answer.status == 412
            assert problem["difference"]["name"] == {"yours": "Ася", "theirs": "Анна"}
        async with browser.patch("/api/v1/things/7", json={"name": "Ася"}, headers={"If-Match": '"3"'}) as answer:
            assert (answer.status, answer.headers["ETag"]) == (200, '"4"')
        async with browser.patch("/api/v1/things/7", json={"name": "Ася"}, headers={"If-Match": "junk"}) as answer:
            assert answer.status == 412


async def test_the_same_idempotency_key_dials_once() -> None:
    dialler, key = Dialler(), {"Idempotency-Key": "k1"}
    async with served(table(dialler)) as browser:
        for _ in range(3):
            async with browser.post("/api/v1/calls", json={"name": "Anna"}, headers=key) as answer:
                assert (answer.status, (await answer.json())["id"]) == (202, 1)
        async with browser.post("/api/v1/calls", json={"name": "Boris"}, headers=key) as answer:
            assert answer.status == 409
    assert dialler.dialled == 1


async def test_a_refused_dial_may_be_tried_again_with_its_key() -> None:
    dialler, key = Dialler(), {"Idempotency-Key": "k1"}
    async with served(table(dialler)) as browser:
        for _ in range(2):
            async with browser.post("/api/v1/calls", json={"name": "busy"}, headers=key) as answer:
                assert answer.status == 409
        async with browser.post("/api/v1/calls", json={"name": "Anna"}, headers=key) as answer:
            assert answer.status == 202
    assert dialler.dialled == 1


async def test_a_dial_nobody_knows_the_end_of_is_never_repeated_under_its_key() -> None:
    dialler, key = Dialler(), {"Idempotency-Key": "k1"}
    async with served(table(dialler)) as browser:
        for _ in range(2):
            async with browser.post("/api/v1/calls", json={"name": "silent"}, headers=key) as answer:
                problem = await answer.json(content_type="application/problem+json")
                assert (answer.status, problem["outcome"]) == (503, "unknown")
    assert dialler.dialled == 1


async def test_who_is_not_logged_in_or_whose_role_is_too_small_is_told_so() -> None:
    async with served(table(), token=None) as browser, browser.get("/api/v1/things") as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    async with served(table(), token="revoked") as browser, browser.get("/api/v1/things") as answer:
        assert answer.status == 401
    async with served(table()) as browser, browser.delete("/api/v1/things/7") as answer:
        assert answer.status == 403
    async with served(table(), token="admins-token") as browser, browser.delete("/api/v1/things/7") as answer:
        assert (answer.status, await answer.read()) == (204, b"")


async def test_an_unsafe_request_with_a_cookie_needs_the_same_origin() -> None:
    async with served(table(), cookie="agents-token") as browser:
        ours = str(browser._base_url).rstrip("/")
        for headers, status in (
            ({}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": ours}, 201),
            ({"Sec-Fetch-Site": "same-origin"}, 201),
        ):
            async with browser.post("/api/v1/things", json={"name": "Anna"}, headers=headers) as answer:
                assert answer.status == status, headers
        async with browser.get("/api/v1/things", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 200


async def test_a_bearer_token_needs_no_origin_but_a_foreign_one_is_refused() -> None:
    async with served(table()) as browser:
        async with browser.post("/api/v1/things", json={"name": "Anna"}) as answer:
            assert answer.status == 201
        evil = {"Origin": "https://evil.example"}
        async with browser.post("/api/v1/things", json={"name": "Anna"}, headers=evil) as answer:
            assert answer.status == 403


async def test_logging_in_sets_a_cookie_named_after_the_port_and_logging_out_takes_it_away() -> None:
    async with served(table(), token=None) as browser:
        async with browser.post("/api/v1/session", json={"login": "anna", "password": "x"}) as answer:
            cookie = answer.cookies[ADDRESS.cookie]
            assert (answer.status, ADDRESS.cookie, cookie.value) == (200, "switchroom_8080", "agents-token")
            assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
            assert (await answer.json())["token"] == "agents-token"
        async with browser.get("/api/v1/things/lookup") as answer:
            assert answer.status == 200
        async with browser.delete("/api/v1/session", headers={"Sec-Fetch-Site": "same-origin"}) as answer:
            assert answer.status == 204
        async with browser.get("/api/v1/things/lookup") as answer:
            assert answer.status == 401


async def test_throttling_says_when_to_try_again() -> None:
    typed = {"login": "anna", "password": "throttled"}
    async with served(table(), token=None) as browser, browser.post("/api/v1/session", json=typed) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
        assert "30" in (await answer.json(content_type=None))["detail"]


async def test_a_mistake_of_ours_tells_the_user_nothing_of_its_inside() -> None:
    async with served(table(), token="admins-token") as browser, browser.get("/api/v1/broken") as answer:
        text = await answer.text()
        assert answer.status == 500
        assert answer.content_type == "application/problem+json"
        assert "secret" not in text
        assert "it has been noted" in text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/things", 405)]
)
async def test_what_is_not_there_is_a_problem_document_too(method: str, path: str, status: int) -> None:
    async with served(table()) as browser, browser.request(method, path) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["status"]) == (status, status)


async def test_a_body_above_the_limit_is_refused() -> None:
    junk = BytesIO(b'{"name": "' + b"x" * 2_000_000 + b'"}')
    headers = {"Content-Type": "application/json"}
    async with served(table()) as browser, browser.post("/api/v1/things", data=junk, headers=headers) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"


async def test_every_answer_keeps_scripts_and_frames_of_others_out() -> None:
    async with served(table()) as browser:
        for path in ("/api/v1/things", "/api/v1/docs", "/nowhere"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "connect-src 'self' ws://127.0.0.1:8081;" in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_parameter_nobody_gives_is_found_at_start() -> None:
    from switchroom.operation import operation

    async def handler(user: Scope, tenant: str) -> None: ...

    with pytest.raises(TypeError, match="nobody gives it tenant"):
        operation(Route(method="GET", path="/things", handler=handler, summary=""))
