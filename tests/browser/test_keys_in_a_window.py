"""Keys that mean something to browsers themselves reach the page in a real window, under Xvfb.

A headless browser has no window whose keys could be in the way; here there is one, and keys come through X.
`apt-get install xvfb xdotool` provides what is needed.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from playwright.async_api import Page, async_playwright

from tests.browser.conftest import CHROMIUM, SWITCHES
from tests.browser.fake_house import House, open_house

XVFB, XDOTOOL = shutil.which("Xvfb"), shutil.which("xdotool")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and XVFB and XDOTOOL), reason="apt-get install -y --no-install-recommends chromium xvfb xdotool"
)
KEYS = {
    "F2": "F2",
    "F3": "F3",
    "F4": "F4",
    "F6": "F6",
    "F7": "F7",
    "F8": "F8",
    "F9": "F9",
    "ctrl+k": "Ctrl+KeyK",
    "question": "?",
}
ALT = [f"alt+{digit}" for digit in range(1, 10)] + [f"alt+{letter}" for letter in "amhtcrx"]


@pytest.fixture(scope="module")
async def display() -> AsyncIterator[str]:
    """An X server of our own, on a display number it chooses itself."""
    read, write = os.pipe()
    server = await asyncio.create_subprocess_exec(
        str(XVFB),
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
        pass_fds=(write,),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as said:
        number = (await asyncio.to_thread(said.readline)).strip()
    yield f":{number}"
    server.terminate()
    await server.wait()


@pytest.fixture
async def window(display: str) -> AsyncIterator[tuple[Page, House]]:
    house = House()
    house.furnish()
    async with open_house(house) as served, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*SWITCHES, "--window-size=1280,800"],
            headless=False,
            env={**os.environ, "DISPLAY": display},
        )
        context = await browser.new_context(no_viewport=True)
        await context.add_cookies([{"name": "switchroom_8080", "value": "anna", "url": served.url}])
        page = await context.new_page()
        await page.goto(served.url)
        await page.wait_for_selector("html[data-ready]")
        yield page, house
        await browser.close()


async def _press(display: str, key: str) -> None:
    tool = await asyncio.create_subprocess_exec(
        str(XDOTOOL), "key", "--clearmodifiers", key, env={**os.environ, "DISPLAY": display}
    )
    await tool.wait()


async def test_every_key_of_the_desk_can_be_taken_from_the_browser(display: str, window: tuple[Page, House]) -> None:
    page, _ = window
    await page.mouse.click(640, 600)
    await page.evaluate(
        """() => { window.got = []; addEventListener('keydown', (event) => {
            const {key, code, altKey, ctrlKey} = event;
            const took = () => window.got.push([key, code, altKey, ctrlKey, event.defaultPrevented]);
            if (!['Alt', 'Control', 'Shift'].includes(event.key)) setTimeout(took);
        }, {capture: true}); }"""
    )
    lost = []
    for key in [*KEYS, *ALT]:
        before = await page.evaluate("window.got.length")
        await _press(display, key)
        with suppress(Exception):
            await page.wait_for_function(f"window.got.length > {before}", timeout=2_000)
        got = await page.evaluate("window.got")
        if len(got) == before:
            lost.append(key)
        for _ in range(2):
            if await page.evaluate("Boolean(document.querySelector('dialog[open]'))"):
                await _press(display, "Escape")
                await page.wait_for_timeout(150)
    assert lost == [], f"the browser keeps these for itself: {lost}"
    assert await page.evaluate("document.hasFocus()"), "a key led out of the page"
    letters = {"alt+a", "alt+m", "alt+h", "alt+t", "alt+c", "alt+r", "alt+x"}
    assert len(letters) == 7
    taken = {
        f"{'alt+' if alt else 'ctrl+' if ctrl else ''}{name}"
        for name, _, alt, ctrl, prevented in await page.evaluate("window.got")
        if prevented
    }
    assert {
        "F2",
        "F3",
        "F4",
        "F6",
        "F7",
        "F8",
        "F9",
        "ctrl+k",
        "?",
        *(f"alt+{digit}" for digit in range(1, 10)),
    } <= taken


async def test_a_call_is_worked_through_in_a_real_window(display: str, window: tuple[Page, House]) -> None:
    page, house = window
    await page.mouse.click(640, 600)
    call = house.rings()
    await page.wait_for_selector("client-card:not([hidden])")
    await _press(display, "F2")
    await page.wait_for_selector("call-bar [data-action=hold][aria-disabled=false]")
    await _press(display, "F4")
    await page.wait_for_selector("call-bar [data-action=hold][aria-pressed=true]")
    await _press(display, "F3")
    await page.wait_for_selector("call-bar [data-action=mute][aria-pressed=true]")
    await page.locator("wrap-up textarea").click()
    await _press(display, "alt+3")
    await page.wait_for_selector(".outcome[data-key=order][aria-pressed=true]")
    await _press(display, "F6")
    await page.wait_for_selector("transfer-picker:not([hidden])")
    await _press(display, "Escape")
    await _press(display, "F9")
    await page.wait_for_selector("wrap-up.due")
    assert house.calls[call]["disposition"] in (None, "order")
