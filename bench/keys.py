"""Keys and seconds an agent spends on a call, by keyboard in Chromium, on the real server with a simulated PBX.

Seconds are the keystroke-level model's (Card, Moran, Newell 1980): K 0.28 s a key, M 1.35 s for each decision,
H 0.4 s for a hand to the mouse or the telephone, P 1.1 s to point. The same work without a telephone in the screen
is the peer; its formulas are in docs/tasks.md.
"""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.table import Row
from config.settings import Live, Pbx, Settings, Web
from crm_store.seed import seed
from crm_store.seed_callers import callers
from crm_store.store import Store
from switchroom.app import serving
from switchroom.simulators.pbx import SimulatedPbx

K, M, H, P = 0.28, 1.35, 0.4, 1.1
PASSWORD = "switchroom"
STRANGER = "+79035550017"
NOTE, NAME = "solved", "Gusev"  # Latin: a browser driven from outside tells no key for other letters
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
COUNT = """() => { window.keys = 0; addEventListener('keydown', (event) =>
    { if (!['Alt', 'Control', 'Shift'].includes(event.key)) window.keys += 1; }, {capture: true}); }"""
GUARD = 1_100  # the second press of the same key must not do two things


@dataclass(slots=True)
class Agent:
    """Who sits before the desk: counts his keys and decisions."""

    page: Page
    pbx: SimulatedPbx
    known: str
    decisions: int = 0

    async def press(self, key: str) -> None:
        """One decision, one key."""
        self.decisions += 1
        await self.page.keyboard.press(key)

    async def sees(self, selector: str) -> None:
        """Wait for what the agent would wait for."""
        await self.page.locator(selector).filter(visible=True).first.wait_for(timeout=15_000)

    async def finish(self) -> None:
        """Be done with whatever is open, outside the count."""
        await self.page.locator("client-card").wait_for(state="hidden", timeout=15_000)


async def _known(agent: Agent) -> str:
    """A known client rings: answered, hung up, outcome and a one-word note, finished."""
    agent.pbx.incoming(agent.known, "101")
    await agent.sees("client-card .client-name")
    await agent.press("F2")
    await agent.sees("call-bar [data-action=hold][aria-disabled=false]")
    await agent.page.wait_for_timeout(GUARD)
    await agent.press("F9")
    await agent.sees("wrap-up.due")
    await agent.press("1")
    await agent.page.keyboard.type(NOTE)
    await agent.page.wait_for_timeout(GUARD)
    await agent.press("Enter")
    await agent.finish()
    return NOTE


async def _unknown(agent: Agent) -> str:
    """Somebody unknown rings: answered, created as a client, hung up, outcome, finished."""
    agent.pbx.incoming(STRANGER, "101")
    await agent.sees("unknown-caller input")
    await agent.press("F2")
    await agent.sees("call-bar [data-action=hold][aria-disabled=false]")
    await agent.press("Enter")
    await agent.page.keyboard.type(NAME)
    await agent.press("Enter")
    await agent.page.locator("client-card .client-name", has_text=NAME).wait_for()
    await agent.page.wait_for_timeout(GUARD)
    await agent.press("F9")
    await agent.sees("wrap-up.due")
    await agent.press("1")
    await agent.page.wait_for_timeout(GUARD)
    await agent.press("Enter")
    await agent.finish()
    return NAME


async def _task(agent: Agent) -> str:
    """A call from the list of tasks, until the own phone is picked up."""
    await agent.sees("next-up .task-row")
    await agent.press("Enter")
    await agent.press("Enter")
    await agent.sees("client-card .client-name")
    if await agent.page.locator("call-bar [data-action=answer][aria-disabled=false]").count():
        await agent.press("F2")
    return ""


def by_hand(typed: int, *, dials: int = 0, searches: int = 0, forms: int = 0) -> tuple[int, float]:
    """Keys and KLM seconds of the same work with a telephone beside the screen: see docs/tasks.md."""
    keys = typed + dials * 12 + searches * (11 + 1) + forms * (11 + 3)
    seconds = keys * K + (2 + searches + 2 * forms + dials) * M + (2 + 2 * searches + 2 * forms + dials) * H
    return keys, seconds + (2 * searches + 3 * forms + 2) * P


TASKS: tuple[tuple[str, Callable[[Agent], Awaitable[str]], int, tuple[int, float]], ...] = (
    ("known client: rings → answered → outcome and note", _known, 4, by_hand(len(NOTE) + 3, searches=1)),
    ("unknown caller → client created, call finished", _unknown, 7, by_hand(len(NAME) + 2, searches=1, forms=1)),
    ("call from a task", _task, 3, by_hand(0, dials=1)),
)


async def run() -> list[Row]:
    """Two rows a task: keys besides the text, and KLM seconds beside the same work by hand."""
    rows: list[Row] = []
    async with _seat() as agent:
        for what, work, goal, (keys_by_hand, seconds_by_hand) in TASKS:
            agent.decisions = 0
            await agent.page.evaluate("window.keys = 0")
            text = await work(agent)
            keys = await agent.page.evaluate("window.keys")
            seconds = keys * K + agent.decisions * M
            rows.append(
                _row(
                    f"{what}: keys besides the text",
                    keys - len(text),
                    keys_by_hand - len(text),
                    "keys",
                    f"≤ {goal}",
                    goal,
                )
            )
            rows.append(_row(f"{what}: KLM", seconds, seconds_by_hand, "s", "less than by hand", seconds_by_hand))
    return rows


def _row(what: str, ours: float, peer: float, unit: str, goal: str, limit: float) -> Row:
    return Row(
        what=what,
        ours=round(ours, 2),
        peer=round(peer, 2),
        unit=unit,
        peer_name="without CTI, formula",
        goal=goal,
        reached=ours <= limit,
    )


@asynccontextmanager
async def _seat() -> AsyncIterator[Agent]:
    """A server of our own with three hundred clients, and agent 101 logged in before its desk."""
    pbx = SimulatedPbx(seed=1)
    with tempfile.TemporaryDirectory(prefix="switchroom-keys-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - once, before anything is measured
        async with (
            pbx.serve("127.0.0.1") as (_, ami_port),
            serving(_settings(Path(folder), ami_port), before=_populate) as server,
            async_playwright() as playwright,
        ):
            known = (await callers(server.store.database, 1))[0]
            number = known if isinstance(known, str) else known[0]
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=SWITCHES, env=dict(os.environ)
            )
            page = await (
                await browser.new_context(viewport={"width": 1280, "height": 720}, bypass_csp=True)
            ).new_page()
            await page.goto(f"http://127.0.0.1:{server.web_port}/")
            await page.locator("input[name=login]").fill("101")
            await page.locator("input[type=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_selector("html[data-ready]")
            await page.evaluate(COUNT)
            await page.mouse.click(640, 600)
            yield Agent(page, pbx, number)
            await browser.close()


def _settings(folder: Path, ami_port: int) -> Settings:
    pbx = Pbx.model_validate(
        {
            "name": "main",
            "host": "127.0.0.1",
            "port": ami_port,
            "username": "switchroom",
            "secret": "switchroom",
            "trunks": ("PJSIP/provider*",),
        }
    )
    web, live = Web(host="127.0.0.1", port=_free_port()), Live(host="127.0.0.1", port=_free_port())
    return Settings(data_dir=folder, area_code="495", web=web, live=live, pbx=(pbx,))


async def _populate(store: Store) -> None:
    await seed(store.database, passwords=PASSWORD, clients=300, at=datetime.now(UTC))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    for found in asyncio.run(run()):
        print(found.what, found.ours, found.unit, "by hand", found.peer, "goal", found.goal, found.reached)
