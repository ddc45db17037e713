"""The API's description: valid, whole, and readable by people."""

from openapi_spec_validator import OpenAPIV31SpecValidator

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
    async with served(table(), token=None) as browser, browser.get("/api/v1/docs") as answer:
        text = await answer.text()
    assert all(f"/api/v1{route.path}" in text and route.summary in text for route in table())
    assert "Idempotency-Key" in text
