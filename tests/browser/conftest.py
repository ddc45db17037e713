"""A Chromium and a house for it. The browser is the system's own; `apt-get install chromium` provides it."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.fake_house import ANNA, House, Served, open_house

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EXPECTED = re.compile(
    r"WebSocket connection|status of 409|status of 404|ERR_CONNECTION|ERR_INTERNET|ERR_NETWORK"
)  # a line that is cut, a refusal
Theme = Literal["light", "dark"]
Sitting = Callable[..., Awaitable["Seat"]]


class Seat:
    """Somebody who sits before a page; everything the browser complained about is in `complaints`."""

    def __init__(self, served: Served, page: Page, context: BrowserContext) -> None:
        self.served, self.page, self.context = served, page, context
        self.complaints: list[str] = []
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def house(self) -> House:
        return self.served.house

    async def open(self, path: str = "/") -> "Seat":
        """Open a page and wait until it has its data."""
        await self.page.goto(self.served.url + path)
        if path in ("/", "/lines"):
            await self.page.wait_for_selector("html[data-ready]")
        return self

    async def presses(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def sees(self, selector: str, text: str = "", *, seconds: float = 5) -> None:
        """Wait until something with this text is there to be seen."""
        place = self.page.locator(selector).filter(visible=True)
        await (place.filter(has_text=text) if text else place).first.wait_for(timeout=seconds * 1000)

    async def comes_true(self, question: str, *, seconds: float = 5) -> None:
        """Wait until the page says yes, asked from outside: its policy lets nobody ask from within."""
        async with asyncio.timeout(seconds):
            while True:
                if await self.page.evaluate(question):
                    return
                await asyncio.sleep(0.02)

    async def happens(self, seen: Callable[[], bool], *, seconds: float = 5) -> None:
        """Wait until the house has heard what the page should tell it."""
        async with asyncio.timeout(seconds):
            while True:
                if seen():
                    return
                await asyncio.sleep(0.01)

    async def misses(self, selector: str, *, seconds: float = 5) -> None:
        await self.page.locator(selector).first.wait_for(state="hidden", timeout=seconds * 1000)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install -y --no-install-recommends chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        await browser.close()


@pytest.fixture
async def sits(chromium: Browser) -> AsyncIterator[Sitting]:
    """`await sits(login="anna", language="ru", …)`: opens a house (or takes `served`) and sits down before its desk."""
    seats: list[Seat] = []
    async with AsyncExitStack() as stack:

        async def sit(
            login: str = ANNA.login,
            *,
            language: str = "ru",
            theme: Theme = "light",
            width: int = 1280,
            height: int = 720,
            phones: int = 14,
            served: Served | None = None,
            context: BrowserContext | None = None,
            **more: Any,
        ) -> Seat:
            if served is None:
                house = House()
                house.furnish(phones)
                served = await stack.enter_async_context(open_house(house, language=language))
            if context is None:
                context = await chromium.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=theme,
                    timezone_id="Europe/Moscow",
                    locale="ru-RU",
                    **more,
                )
                stack.push_async_callback(context.close)
                await context.add_cookies([{"name": "switchroom_8080", "value": login, "url": served.url}])
            seats.append(Seat(served, await context.new_page(), context))
            return seats[-1]

        yield sit
        assert [complaint for seat in seats for complaint in seat.complaints if not EXPECTED.search(complaint)] == []
