"""One page in all its looks: day and night, small and large; a picture of each, and what axe finds wrong in them."""

from base64 import b64decode
from pathlib import Path
from typing import Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

SCREENS = Path(__file__).parents[2] / "var" / "screens"
SIZES = {1280: 720, 1920: 1080}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
JUDGED = {"ru": (1280, "light"), "en": (1920, "dark")}
"""In which look axe judges a language: every language, theme and width once."""


async def faults_in_every_look(page: Page, name: str, language: str) -> list[str]:
    """Keep pictures under var/screens/; every violation in words."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    camera = await page.context.new_cdp_session(page)
    for width, height in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            taken = await camera.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
            (SCREENS / f"{name}-{language}-{theme}-{width}.png").write_bytes(b64decode(taken["data"]))
            if (width, theme) == JUDGED[language]:
                faults += await violations(page)
    return faults


async def violations(page: Page) -> list[str]:
    """What axe finds, each with its element."""
    found = await Axe().run(page)
    return [
        f"{violation['id']} {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
