"""The main job, end to end on our own simulator: a phone rings, the card pops, the call lands in the history."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

from config.settings import Live, Pbx, Settings, Web
from crm_store.client import ClientDraft
from crm_store.database import Database
from crm_store.user import UserDraft
from domain.rights import Role, Scope
from switchroom.app import Server, serving
from switchroom.simulators.pbx import SimulatedPbx

PASSWORD = "a long password"
ANNA = "+79211234567"


@dataclass
class Screen:
    """An agent's open page: what it was told, in order."""

    connection: ClientConnection
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: deque[dict[str, Any]] = field(default_factory=deque)

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next event of `kind` whose fields are as wanted; everything heard on the way is kept."""
        async with asyncio.timeout(10):
            while True:
                while self.heard:
                    event = self.heard.popleft()
                    self.events.append(event)
                    if event["type"] == kind and all(event.get(name) == value for name, value in wanted.items()):
                        return event
                self.heard += orjson.loads(await self.connection.recv())

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Every event of one kind so far."""
        return [event for event in self.events if event["type"] == kind]


@dataclass
class House:
    """A whole server beside a simulated PBX, with its users."""

    server: Server
    pbx: SimulatedPbx
    doors: AsyncExitStack

    async def hires(self, login: str, role: Role, extension: str | None) -> Scope:
        draft = UserDraft(login=login, name=login, role=role, extension=extension, team="sales")
        user = await self.server.store.users.create(None, draft, PASSWORD)
        scope = await self.server.store.users.scope(user.id)
        assert scope is not None
        return scope

    async def opens_page(self, login: str) -> tuple[Screen, aiohttp.ClientSession]:
        """Log in over REST and open the live feed, as the desk does."""
        http = await self.doors.enter_async_context(
            aiohttp.ClientSession(f"http://127.0.0.1:{self.server.web_port}/api/v1/")
        )
        async with http.post("session", json={"login": login, "password": PASSWORD}) as answer:
            assert answer.status == 200, await answer.text()
            token = (await answer.json())["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        live = await self.doors.enter_async_context(
            connect(
                f"ws://127.0.0.1:{self.server.live_port}/live",
                additional_headers={"Authorization": f"Bearer {token}"},
                max_size=None,
            )
        )
        screen = Screen(live)
        await screen.until("snapshot")
        return screen, http


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as doors:
        pbx = SimulatedPbx(seed=1)
        host, port = await doors.enter_async_context(pbx.serve())
        phone_system = Pbx.model_validate(
            {
                "name": "main",
                "host": host,
                "port": port,
                "username": "switchroom",
                "secret": "switchroom",
                "trunks": ("PJSIP/provider*",),
            }
        )
        settings = Settings(
            data_dir=data_dir,
            area_code="495",
            web=Web.model_construct(host="127.0.0.1", port=0, public_url=""),
            live=Live.model_construct(host="127.0.0.1", port=0, public_url=""),
            pbx=(phone_system,),
        )
        server = await doors.enter_async_context(serving(settings))
        async with asyncio.timeout(10):
            while any(link.state != "up" for link in server.telephony.links()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield House(server, pbx, doors)


@pytest.fixture
async def house(database: Database, data_dir: Path) -> AsyncIterator[House]:
    async with opened(data_dir) as house:
        yield house


async def test_a_known_clients_call_pops_his_card_and_ends_in_his_history(house: House) -> None:
    agent = await house.hires("101", "agent", "101")
    anna = await house.server.store.clients.create(
        agent, ClientDraft.model_validate({"kind": "person", "name": "Анна Орлова", "numbers": [{"number": ANNA}]})
    )
    screen, http = await house.opens_page("101")

    call = house.pbx.incoming(ANNA, to="101", name="Anna")
    ringing = await screen.until("call", state="ringing")
    carded = ringing if "card" in ringing else await screen.until("call")
    assert carded["card"]["client"]["name"] == "Анна Орлова"
    assert carded["card"]["match"] == "exact"
    assert ringing["call"]["caller"]["number"] == ANNA

    async with http.post(f"calls/{ringing['call']['id']}/answer", json={}) as answer:
        assert answer.status == 200, await answer.text()
    talking = await screen.until("call", state="talking")
    assert "hangup" in talking["actions"]

    call.hang_up()
    await screen.until("call", state="ended")
    async with http.patch(
        f"calls/{ringing['call']['id']}", json={"note": "перезвонить", "disposition": None}
    ) as answer:
        assert answer.status == 200, await answer.text()
    await house.server.bus.settled()
    history: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        while not history:
            async with http.get(f"clients/{anna.id}/history") as answer:
                history = (await answer.json())["items"]
    [entry] = history
    assert entry["kind"] == "call"
    async with http.get(f"calls/{ringing['call']['id']}") as answer:
        record = await answer.json()
    assert (record["outcome"], record["owner"], record["client_id"], record["note"]) == (
        "answered",
        "101",
        anna.id,
        "перезвонить",
    )


async def test_a_ringing_group_is_told_and_the_losers_cards_are_withdrawn(house: House) -> None:
    for extension in ("107", "108", "109"):
        await house.hires(extension, "agent", extension)
    screens = {extension: (await house.opens_page(extension))[0] for extension in ("107", "108", "109")}
    call = house.pbx.incoming(ANNA, to="610")
    for screen in screens.values():
        await screen.until("call", state="ringing")
    call.answer("108")
    await screens["108"].until("call", state="talking")
    for loser in ("107", "109"):
        await screens[loser].until("call", state="withdrawn")


async def test_a_supervisor_sees_every_line_and_an_agent_not_with_whom_others_talk(house: House) -> None:
    await house.hires("boss", "supervisor", None)
    await house.hires("101", "agent", "101")
    boss, _ = await house.opens_page("boss")
    agent, _ = await house.opens_page("101")
    house.pbx.incoming(ANNA, to="104")
    seen = await boss.until("presence", extension="104", state="ringing")
    assert seen["peer"] == ANNA
    hidden = await agent.until("presence", extension="104", state="ringing")
    assert hidden["peer"] is None
    assert agent.told("call") == []
