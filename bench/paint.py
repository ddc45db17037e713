"""A pop as its user has it: AMI bytes read → the card painted in a visible Chromium, while 500 others work.

The load is bench.pop's: 100 calls a second on one PBX, 500 agents connected and subscribed. Beside it a second PBX
rings one more agent once a second; his desk is a real browser, and the figure is the server's own (`/pops`): from the
read of the AMI bytes to the browser's word that the card is painted.
"""

import asyncio
import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page, async_playwright

from bench import million
from bench.crowd import crowd
from bench.million import AGENTS, FIRST_EXTENSION, FIRST_NUMBER
from bench.pop import RATE, configuration, free_port, line, program, reachable, share
from bench.table import Row
from switchroom.simulators.pbx import SimulatedPbx

WARM_UP = 8.0
CALLS = 40  # the log of pops keeps fifty
RINGS = 0.6
AGENT = AGENTS  # one more than those of the load
EXTENSION = str(FIRST_EXTENSION + AGENT)
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
LIMIT_MS = 50.0


async def run() -> list[Row]:
    """p95 in milliseconds, and how many calls were never painted."""
    pops = await _painted()
    seconds = [pop["latency_ms"] for pop in pops if pop["latency_ms"] is not None and not pop["hidden"]]
    p95, lost = share(seconds, 0.95), CALLS - len(seconds)
    what = f"{RATE} calls/s, {AGENTS} agents: AMI → painted in Chromium"
    return [
        _row(f"{what}, p95", p95, f"≤ {LIMIT_MS:.0f} ms", "ms", reached=p95 <= LIMIT_MS),
        _row(f"{what}, never painted, of {CALLS}", lost, "0", "pops", reached=lost == 0),
    ]


async def _painted() -> list[dict[str, Any]]:
    """What the server noted of every call that rang the agent with the browser."""
    async with AsyncExitStack() as doors:
        web, load = await _house(
            doors, front := SimulatedPbx(seed=1, extensions={EXTENSION: "Агент"}, queues={}, ring_groups={})
        )
        await doors.enter_async_context(_desk(web))
        going = asyncio.create_task(_let_calls_come(load))
        await asyncio.sleep(WARM_UP)
        for number in itertools.islice(itertools.count(FIRST_NUMBER + 17, 7919), CALLS):
            call = front.incoming(f"+{number}", EXTENSION)
            await asyncio.sleep(RINGS)
            call.outside_hangs_up()
            await asyncio.sleep(1.0 - RINGS)
        pops = await _pops(web)
        going.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await going
    return pops[:CALLS]


async def _house(doors: AsyncExitStack, front: SimulatedPbx) -> tuple[int, Any]:
    """The server between the load's PBX and `front`, and the 500 browsers of the load; its web port, the load."""
    web, live = free_port(), free_port()
    folder = doors.enter_context(tempfile.TemporaryDirectory())
    async with million.million() as database:
        await million.hire(database, AGENTS + 1)
    plan = [f"--rate={RATE}", f"--seconds={WARM_UP + CALLS + 2}", f"--extensions={AGENTS}", "--start=line"]
    plan += [f"--first-extension={FIRST_EXTENSION}", f"--first-number={FIRST_NUMBER}"]
    load = await doors.enter_async_context(program("switchroom.simulators", *plan))
    ports = ((await line(load))["port"], (await doors.enter_async_context(front.serve()))[1])
    second = configuration(ports[1], web, live).partition("[[pbx]]")[2].replace("main", "front")
    settings = _written(Path(folder, "switchroom.toml"), f"{configuration(ports[0], web, live)}\n[[pbx]]{second}")
    await doors.enter_async_context(program("switchroom", "serve", "--config", str(settings)))
    await reachable(live)
    await reachable(web)
    await doors.enter_async_context(crowd(folder, live, AGENTS))
    return web, load


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def _let_calls_come(load: Any) -> None:
    """Start the load, and read what it says to the end."""
    load.stdin.write(b"go\n")
    while (await line(load))["event"] != "done":
        pass


@asynccontextmanager
async def _desk(web: int) -> AsyncIterator[Page]:
    """The desk of the agent, in a window that is seen."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        context = await browser.new_context(viewport={"width": 1280, "height": 720})
        address = f"http://127.0.0.1:{web}"
        await context.add_cookies([{"name": f"switchroom_{web}", "value": million.token(AGENT), "url": address}])
        page = await context.new_page()
        await page.goto(address)
        await page.wait_for_selector("html[data-ready]", timeout=60_000)
        yield page
        await browser.close()


async def _pops(web: int) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {million.token(AGENT)}"}
    address = f"http://127.0.0.1:{web}/api/v1/pops"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(address) as answer:
        return json.loads(await answer.text())["items"]


def _row(what: str, ours: float, goal: str, unit: str, *, reached: bool) -> Row:
    return Row(what=what, ours=round(ours, 1), peer=None, unit=unit, peer_name="—", goal=goal, reached=reached)


if __name__ == "__main__":
    for found in asyncio.run(run()):
        print(found.what, found.ours, found.unit, "goal", found.goal, found.reached)
