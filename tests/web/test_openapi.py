"""The API's description: valid, whole, and readable by people."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from domain.rights import Scope
from domain.routes import Route
from tests.web.house_of_fakes import served
from tests.web.test_frame import table


async def test_the_description_is_valid_and_covers_every_route() -> None:
    async with served(table(), token=None) as browser, browser.get("/api/v1/openapi.json") as answer:
        spec = await answer.json()
    OpenAPIV31SpecValidator(spec).validate()
    told = {(method.upper(), path) for path, ways in spec["paths"].items() for method in ways}
    assert told == {(route.method, route.path) for route in table()}
    assert spec["openapi"].startswith("3.1")


async def test_a_reader_without_scripts_finds_every_route_on_the_page() -> None:
    english = {"Accept-Language": "en"}
    async with served(table(), token=None) as browser, browser.get("/api/v1/docs", headers=english) as answer:
        text = await answer.text()
    assert all(f"/api/v1{route.path}" in text and route.summary in text for route in table())
    assert "Idempotency-Key" in text


async def test_the_page_speaks_the_readers_language() -> None:
    routes = (
        Route(method="GET", path="/calls/{id}", handler=_one, summary="One call", roles=frozenset({"admin"})),
        Route(method="PATCH", path="/calls/{id}", handler=_patch, summary="Note, disposition, client"),
    )
    for language, words in (
        ("ru", ("Один звонок", "Заметка, итог, клиент", "Администратор", "Параметры", "412 с указанием различий")),
        ("en", ("One call", "Note, disposition, client", "Administrator", "Parameters", "412 with the difference")),
    ):
        headers = {"Accept-Language": language}
        async with served(routes, token=None) as browser, browser.get("/api/v1/docs", headers=headers) as answer:
            text = await answer.text()
        assert [word for word in words if word not in text] == [], language
        assert ("Parameters" in text) == (language == "en")


async def _one(user: Scope, id: str) -> dict[str, str]: ...  # type: ignore[empty-body]  # noqa: A002


async def _patch(user: Scope, id: str, version: int | None) -> dict[str, str]: ...  # type: ignore[empty-body]  # noqa: A002
