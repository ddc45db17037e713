"""A server that is killed and a database that goes away, under traffic: nothing acknowledged is lost."""

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from crm_store.database import Database
from crm_store.embedded import cluster_for
from crm_store.store import build
from crm_store.user import UserDraft
from switchroom.simulators.pbx import SimulatedPbx
from tests.chaos.traffic import Traffic, traffic
from tests.processes import ServerProcess, free_ports, serve, written
from tests.whole import ANNA, PASSWORD, House, Screen, house_for, settings_for, simulated, until

pytestmark = pytest.mark.chaos
KILLS = 10
STOPS = 3


class Clerk:
    """Writes a note on every call that ended and remembers what was acknowledged."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/api/v1/"
        self._token = ""
        self.noted: dict[str, str] = {}
        self.seen: dict[str, dict[str, Any]] = {}

    async def works(self) -> None:
        """Look through the calls again and again, until cancelled or the server is gone."""
        async with aiohttp.ClientSession(self._address) as http:
            if not self._token:
                async with http.post("session", json={"login": "boss", "password": PASSWORD}) as answer:
                    self._token = (await answer.json())["token"]
            http.headers["Authorization"] = f"Bearer {self._token}"
            while True:
                async with http.get("calls", params={"limit": 30}) as answer:
                    calls = (await answer.json())["items"]
                for call in calls:
                    if call["ended_at"] and call["id"] not in self.noted:
                        await self._notes(http, call)
                await asyncio.sleep(0.05)

    async def _notes(self, http: aiohttp.ClientSession, call: dict[str, Any]) -> None:
        self.seen[call["id"]] = call
        note = f"note {len(self.noted)}"
        async with http.patch(f"calls/{call['id']}", json={"note": note}) as answer:
            if answer.status == 200:
                self.noted[call["id"]] = note


async def test_a_server_that_is_killed_during_calls_loses_nothing_it_acknowledged(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    random, pbx = Random(3), SimulatedPbx(seed=3)
    store = build(database, settings_for(data_dir))
    await store.users.create(None, UserDraft(login="boss", name="boss", role="supervisor"), PASSWORD)
    web, live = free_ports(2)
    clerk = Clerk(web)
    async with pbx.serve() as address:
        config = written(tmp_path, data_dir, simulated(*address), web=web, live=live)
        async with traffic(pbx) as calls:
            for _ in range(KILLS):
                async with serve(config) as server:
                    await _until_killed(server, clerk, random.uniform(0.3, 2.5))
            async with serve(config) as server:
                await server.says("the PBX is connected")
                await asyncio.sleep(1)
        async with serve(config) as server:
            await server.says("the PBX is connected")
            await _nothing_is_open(database)
    await _what_was_acknowledged_is_there(database, clerk, calls)
    assert len(clerk.noted) > KILLS


async def _until_killed(server: ServerProcess, clerk: Clerk, seconds: float) -> None:
    await server.says("the PBX is connected")
    working = asyncio.create_task(clerk.works())
    await asyncio.sleep(seconds)
    assert await server.ends(signal.SIGKILL) == -signal.SIGKILL
    working.cancel()
    with suppress(asyncio.CancelledError, aiohttp.ClientError):
        await working


async def _nothing_is_open(database: Database) -> None:
    async def closed() -> bool:
        return await database.pool.fetchval("select count(*) from call where ended_at is null") == 0

    await until("every row is closed", closed)


async def _what_was_acknowledged_is_there(database: Database, clerk: Clerk, calls: Traffic) -> None:
    rows = {str(row["id"]): row for row in await database.pool.fetch("select id, note, outcome, owner from call")}
    assert set(rows) <= calls.ids()
    missing = {name: note for name, note in clerk.noted.items() if name not in rows or rows[name]["note"] != note}
    assert missing == {}
    changed = {
        name: (call["outcome"], rows[name]["outcome"])
        for name, call in clerk.seen.items()
        if (call["outcome"], call["owner"]) != (rows[name]["outcome"], rows[name]["owner"])
    }
    assert changed == {}
    assert all(row["outcome"] for row in rows.values())
    legs = "select count(*) from call_leg l where result is null or not exists (select from call where id = l.call_id)"
    assert await database.pool.fetchval(legs) == 0


# --- the database -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _house(data_dir: Path, pbx: SimulatedPbx) -> AsyncIterator[House]:
    async with pbx.serve() as address, house_for(settings_for(data_dir, simulated(*address))) as house:
        yield house


async def test_calls_go_on_while_the_database_is_gone_and_none_is_missing_afterwards(tmp_path: Path) -> None:
    pbx = SimulatedPbx(seed=5)
    await asyncio.to_thread(tmp_path.chmod, 0o755)
    async with _house(tmp_path, pbx) as house:
        await house.hires("101", "agent", "101")
        await house.knows("Анна Орлова", ANNA)
        screen, _ = await house.opens_page("101")
        await _pops(pbx, screen)
        async with traffic(pbx, rate=8.0) as calls:
            for _ in range(STOPS):
                await asyncio.sleep(1)
                with _gone(tmp_path):
                    await _pops(pbx, screen)
                    await asyncio.sleep(2)
                    await _pops(pbx, screen)
                await _pops(pbx, screen)  # the server starts it again by itself
        await until("the spool is written", lambda: _written(house, calls), patience=60)


async def _pops(pbx: SimulatedPbx, screen: Screen) -> None:
    """Anna calls 101 and her card is there, as the database or the memory has it."""
    call = pbx.incoming(ANNA, to="101")
    while (told := await screen.until("call"))["call"]["linkedid"] != call.linkedid or "card" not in told:
        pass
    while told["card"].get("pending"):
        told = await screen.until("call")
    assert told["card"]["client"]["name"] == "Анна Орлова"
    call.hang_up()
    while (told := await screen.until("call", state="ended"))["call"]["linkedid"] != call.linkedid:
        pass


async def _written(house: House, calls: Traffic) -> bool:
    try:
        found = await house.server.store.database.pool.fetch("select id from call where ended_at is not null")
    except Exception:  # noqa: BLE001 - it is just coming back
        return False
    return calls.ids() <= {str(row["id"]) for row in found}


@contextmanager
def _gone(data_dir: Path) -> Iterator[None]:
    """The database is killed, and cannot start again while inside."""
    cluster = cluster_for(data_dir)
    with (cluster.home / "postgres.start").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.kill(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        yield
