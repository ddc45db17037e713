"""The roles in processes of their own, joined by a real NATS server, on one database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect

from crm_store.client import ClientDraft
from crm_store.database import Database
from crm_store.store import build
from crm_store.user import UserDraft
from switchroom.simulators.pbx import SimulatedPbx
from tests.nats_server import nats_server
from tests.processes import free_ports, serve, written
from tests.whole import ANNA, PASSWORD, Screen, settings_for, simulated


@dataclass
class Row:
    """Three processes in a row, one for each role, and what is around them."""

    pbx: SimulatedPbx
    ports: dict[str, int]
    live_port: int
    screen: Screen
    http: aiohttp.ClientSession


@pytest.fixture
async def row(database: Database, data_dir: Path, tmp_path: Path) -> AsyncIterator[Row]:
    """The processes, agent 101 with his page open, and client Anna."""
    await _fill(database, data_dir)
    pbx = SimulatedPbx(seed=1)
    *web_ports, live_port = free_ports(4)
    ports = dict(zip(("pbx", "live", "web"), web_ports, strict=True))
    async with AsyncExitStack() as doors:
        address = await doors.enter_async_context(pbx.serve())
        nats = await doors.enter_async_context(nats_server())
        config = written(tmp_path, data_dir, simulated(*address), web=ports["web"], live=live_port, nats=nats)
        page = f"http://127.0.0.1:{ports['web']}"
        for role, port in ports.items():
            await doors.enter_async_context(serve(config, role, SWITCHROOM_WEB__PORT=str(port)))
        http = await doors.enter_async_context(aiohttp.ClientSession(f"{page}/api/v1/"))
        async with http.post("session", json={"login": "101", "password": PASSWORD}) as answer:
            http.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"
            cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        live = connect(f"ws://127.0.0.1:{live_port}/live", origin=page, additional_headers=cookie)  # type: ignore[arg-type]
        screen = Screen(await doors.enter_async_context(live))
        await screen.until("snapshot")
        yield Row(pbx=pbx, ports=ports, live_port=live_port, screen=screen, http=http)


async def _fill(database: Database, data_dir: Path) -> None:
    store = build(database, settings_for(data_dir), publish=lambda _: None)
    agent = await store.users.create(None, UserDraft(login="101", name="Olga", role="agent", extension="101"), PASSWORD)
    scope = await store.users.scope(agent.id)
    assert scope is not None
    anna = {"kind": "person", "name": "Анна Орлова", "numbers": [{"number": ANNA}]}
    await store.clients.create(scope, ClientDraft.model_validate(anna))


async def test_a_call_one_process_hears_pops_in_another_and_is_acted_on_through_a_third(row: Row) -> None:
    call = row.pbx.incoming(ANNA, to="101")
    ringing, card = await row.screen.card()
    assert card["client"]["name"] == "Анна Орлова"
    async with row.http.post(f"calls/{ringing['id']}/answer", json={}) as answer:
        assert answer.status == 200, await answer.text()
    await row.screen.until("call", state="talking")
    call.hang_up()
    await row.screen.until("call", state="ended")

    async with row.http.get(f"calls/{ringing['id']}") as answer:
        record = await answer.json()
    assert (record["state"], record["actions"], record["outcome"], record["owner"]) == ("ended", [], "answered", "101")


async def test_what_can_be_done_with_a_call_is_asked_where_its_pbx_is(row: Row) -> None:
    call = row.pbx.incoming(ANNA, to="101")
    ringing, _ = await row.screen.card()
    address = f"calls/{ringing['id']}"
    async with row.http.patch(address, json={"note": "сразу"}) as answer:
        assert answer.status == 200, await answer.text()
    async with row.http.get(address) as answer:
        seen = await answer.json()
    assert (seen["state"], seen["actions"], seen["note"]) == ("ringing", ["answer", "transfer", "hangup"], "сразу")
    call.hang_up()
    await row.screen.until("call", state="ended")
    async with row.http.post(f"{address}/hangup", json={}) as answer:
        assert (answer.status, (await answer.json())["detail"]) == (409, "Звонок уже завершён")


async def test_a_click_in_the_web_process_dials_in_the_pbx_process(row: Row) -> None:
    async with row.http.post("calls", json={"to": ANNA}) as answer:
        assert answer.status == 202, await answer.text()
        begun = await answer.json()
    told = await row.screen.until("call")
    assert (told["call"]["id"], told["call"]["direction"]) == (begun["id"], "outbound")
    async with row.http.post("calls", json={"to": "no number"}) as answer:
        assert answer.status == 422, await answer.text()
        assert answer.content_type == "application/problem+json"


async def test_the_users_state_is_the_live_processs(row: Row) -> None:
    async with row.http.put("agents/me/state", json={"state": "paused", "reason": "lunch"}) as answer:
        assert answer.status == 200, await answer.text()
    told = await row.screen.until("presence", extension="101", user_state="paused")
    assert told["reason"] == "lunch"
    async with row.http.get("agents/me/state") as answer:
        assert (await answer.json())["state"] == "paused"


async def test_every_process_says_how_it_is(row: Row) -> None:
    async with aiohttp.ClientSession() as http:
        for port in row.ports.values():
            for page in ("healthz", "readyz", "metrics"):
                async with http.get(f"http://127.0.0.1:{port}/{page}") as answer:
                    assert answer.status == 200, (port, page)
        async with http.get(f"http://127.0.0.1:{row.ports['pbx']}/readyz") as answer:
            assert (await answer.json())["checks"]["pbx main"]["ok"]
        async with http.get(f"http://127.0.0.1:{row.live_port}/healthz") as answer:
            assert answer.status == 200
