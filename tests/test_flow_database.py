"""The embedded database is killed while the server runs: it comes back by itself, and no call is lost."""

import fcntl
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from crm_store.database import open_database
from crm_store.embedded import cluster_for
from crm_store.store import build
from crm_store.user import UserDraft
from switchroom.simulators.pbx import SimulatedPbx
from tests.processes import ServerProcess, free_ports, serve, written
from tests.whole import PASSWORD, Screen, settings_for, simulated, until


@dataclass
class Office:
    """A server with a database of its own, and the supervisor's open page."""

    pbx: SimulatedPbx
    server: ServerProcess
    home: Path
    page: str
    live: str
    screen: Screen
    http: aiohttp.ClientSession

    def kill_the_database(self) -> int:
        """As the kernel does when memory runs out; gives the process that was."""
        pid = int((cluster_for(self.home).data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def without_a_database(self) -> Iterator[None]:
        """It is killed, and cannot start again while inside."""
        with (cluster_for(self.home).home / "postgres.start").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.kill_the_database()
            yield


@pytest.fixture
def home() -> Iterator[Path]:
    """A `data_dir` that the database's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="switchroom-office-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
async def office(home: Path) -> AsyncIterator[Office]:
    async with open_database(settings_for(home)) as database:
        boss = UserDraft(login="boss", name="boss", role="supervisor")
        await build(database, settings_for(home)).users.create(None, boss, PASSWORD)
    pbx = SimulatedPbx(seed=1)
    web, live = free_ports(2)
    async with AsyncExitStack() as doors:
        address = await doors.enter_async_context(pbx.serve())
        config = written(home, home, simulated(*address), web=web, live=live)
        server = await doors.enter_async_context(serve(config))
        page = f"http://127.0.0.1:{web}"
        http = await doors.enter_async_context(aiohttp.ClientSession(f"{page}/api/v1/"))
        async with http.post("session", json={"login": "boss", "password": PASSWORD}) as answer:
            http.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"
        headers = {"Authorization": http.headers["Authorization"]}
        address = f"ws://127.0.0.1:{live}/live"
        screen = Screen(await doors.enter_async_context(connect(address, additional_headers=headers)))
        await screen.until("snapshot")
        await server.says("the PBX is connected")
        yield Office(pbx=pbx, server=server, home=home, page=page, live=address, screen=screen, http=http)


async def test_a_killed_database_comes_back_by_itself_and_no_call_is_lost(office: Office) -> None:
    before = office.pbx.incoming("+79210000000", to="101")
    rung = [(await office.screen.until("call", state="ringing"))["call"]["id"]]
    gone = office.kill_the_database()
    before.hang_up()
    await office.screen.until("call", state="ended")
    for number in range(1, 9):
        call = office.pbx.incoming(f"+7921000000{number}", to="101")
        rung.append((await office.screen.until("call", state="ringing"))["call"]["id"])
        call.hang_up()
        await office.screen.until("call", state="ended")
    await office.server.says("the embedded database is up again")

    async def ready() -> bool:
        async with aiohttp.ClientSession() as http, http.get(f"{office.page}/readyz") as answer:
            return answer.status == 200

    await until("the server is ready again", ready)
    for call_id in rung:
        async with office.http.get(f"calls/{call_id}") as answer:
            told = await answer.json()
            assert (answer.status, told.get("outcome")) == (200, "cancelled"), (told, office.server.log)
    assert office.kill_the_database() != gone


async def test_while_the_database_is_away_the_server_says_so_in_few_lines(office: Office) -> None:
    headers = {"Authorization": office.http.headers["Authorization"]}
    with office.without_a_database():
        await office.server.says("the embedded database is gone: it is started again; calls go to the spool meanwhile")
        async with aiohttp.ClientSession(office.page) as http:
            for page, expected in (("readyz", (503, "unavailable")), ("healthz", (200, "degraded"))):
                async with http.get(f"/{page}") as answer:
                    assert (answer.status, (await answer.json())["status"]) == expected
        for _ in range(20):
            async with office.http.get("calls") as answer:
                assert answer.status == 503
        late = await connect(office.live, additional_headers=headers)
        with pytest.raises(ConnectionClosed, match="try again in a moment"):
            await late.recv()
    await office.server.says("the embedded database is up again")
    said = [entry for entry in office.server.log if entry.get("level") != "info"]
    assert not [entry for entry in said if "level" not in entry or "Traceback" in str(entry)], said
    assert len(said) == len({entry["event"] for entry in said}), said
