"""The pages of the house that work without scripts: in order in every look, with made-up people, clients and calls."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page

from crm_store.database import Database
from crm_store.seed import seed
from tests.browser.looks import faults_in_every_look
from tests.web.house import House, open_house

PASSWORD = "switchroom"
LONG = "Александра-Виктория Константинопольская-Задунайская-Преображенская-Мещерская 2-я"
REFUSED = "422 "  # what a form filled in wrongly answers
PLAIN = ("/users", "/account", "/clients", "/calls")


@asynccontextmanager
async def _visit(chromium: Browser, house: House, language: str) -> AsyncIterator[Page]:
    """A new browser before the log-in page, which it reads in `language`."""
    context = await chromium.new_context(
        bypass_csp=True, reduced_motion="reduce", timezone_id="Europe/Moscow", locale=f"{language}-RU"
    )
    context.set_default_timeout(15_000)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{house.origin}/login?next=/account")
    yield page
    await context.close()
    assert [one for one in complaints if not one.startswith(REFUSED)] == []


async def _log_in(page: Page, login: str = "admin") -> None:
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".face")


async def _choose_language(page: Page, origin: str, language: str) -> None:
    await page.goto(f"{origin}/account")
    await page.locator(".top .menu > summary").click()
    await page.locator(f".top [name=language][value={language}]").click()
    await page.wait_for_selector(f"html[lang={language}]")


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_first_page_of_an_empty_house_is_in_order(
    chromium: Browser, database: Database, language: str
) -> None:
    async with open_house(database) as house, _visit(chromium, house, language) as page:
        assert page.url.endswith("/setup")
        assert await faults_in_every_look(page, "setup", language) == []


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_every_list_and_record_is_in_order(chromium: Browser, database: Database, language: str) -> None:
    await _furnish(database)
    async with open_house(database) as house, _visit(chromium, house, language) as page:
        faults = await faults_in_every_look(page, "login", language)
        await _log_in(page)
        await _choose_language(page, house.origin, language)
        for path in (*PLAIN, *(["/api/v1/docs"] if language == "en" else [])):
            await page.goto(house.origin + path)
            faults += await faults_in_every_look(page, path.rpartition("/")[2], language)
        for name, found in _records(page, house.origin).items():
            await found()
            faults += await faults_in_every_look(page, name, language)
        assert faults == []


def _records(page: Page, origin: str) -> dict[str, Callable[[], Awaitable[None]]]:
    """Ways to one record of each kind, and to forms that were filled in wrongly."""

    async def first(path: str) -> None:
        await page.goto(origin + path)
        await page.locator(".table-wrap tbody a:not(.dial)").first.click()
        await page.wait_for_load_state()

    async def wrong_account() -> None:
        await page.goto(f"{origin}/account")
        await page.locator("main details > summary").click()
        await page.locator("[name=key_answer]").fill("F5")
        await page.locator("main form").first.locator("button.primary").click()
        await page.wait_for_selector("[aria-invalid=true]")

    async def nothing_found() -> None:
        await page.goto(f"{origin}/clients")
        await page.locator("main [type=search]").fill("никого такого нет")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("main .state")

    return {
        "client": lambda: first("/clients"),
        "call": lambda: first("/calls"),
        "user": lambda: first("/users"),
        "account-wrong": wrong_account,
        "clients-none": nothing_found,
    }


async def _furnish(database: Database) -> None:
    """A hundred and twenty clients, one with a name of eighty letters."""
    await seed(database, passwords=PASSWORD, at=datetime.now(UTC), clients=120)
    await database.pool.execute(
        "update client set name = $1 where id = (select client_id from call where client_id is not null "
        "order by started_at desc limit 1)",
        LONG,
    )
