"""A whole server in the test's own process, beside a PBX of whatever kind, with its users and their open pages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from websockets.asyncio.client import ClientConnection, connect

from config.settings import Live, Pbx, Settings, Web
from crm_store.client import Client, ClientDraft
from crm_store.user import UserDraft
from domain.rights import Role, Scope
from switchroom.app import Server, serving
from switchroom.simulators.pbx import SimulatedPbx

PASSWORD = "a long password"
ANNA = "+79211234567"
PATIENCE = 20.0


async def until(what: str, true: Callable[[], Awaitable[object]], patience: float = PATIENCE) -> None:
    """Wait until `true()`; an AssertionError that says `what` was awaited otherwise."""
    try:
        async with asyncio.timeout(patience):
            while not await true():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it did not happen: {what}") from None


@dataclass
class Screen:
    """An agent's open page: what it was told, in order."""

    connection: ClientConnection
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: deque[dict[str, Any]] = field(default_factory=deque)

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next event of `kind` whose fields are as wanted; everything heard on the way is kept."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._next(kind, wanted)
        except TimeoutError:
            told = [(event["type"], event.get("state"), event.get("extension")) for event in self.events]
            raise AssertionError(f"never told: {kind} {wanted}; told: {told[-20:]}") from None

    async def _next(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
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

    async def card(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The call that rings here next, and its card, which may follow a moment after the ring."""
        ringing = await self.until("call", state="ringing")
        carded = ringing
        while carded.get("card", {"pending": True}).get("pending"):
            carded = await self.until("call")
        return ringing["call"], carded["card"]


@dataclass
class House:
    """A whole server, and the people who work there."""

    server: Server
    doors: AsyncExitStack

    async def hires(self, login: str, role: Role, extension: str | None) -> Scope:
        """A new user of the team "sales"."""
        draft = UserDraft(login=login, name=login, role=role, extension=extension, team="sales")
        user = await self.server.store.users.create(None, draft, PASSWORD)
        scope = await self.server.store.users.scope(user.id)
        assert scope is not None
        return scope

    async def knows(self, name: str, number: str = ANNA) -> Client:
        """A client with that number; created by a supervisor of nobody's."""
        draft = ClientDraft.model_validate({"kind": "person", "name": name, "numbers": [{"number": number}]})
        keeper = await self.hires(f"keeper-{number[1:]}", "admin", None)
        return await self.server.store.clients.create(keeper, draft)

    async def logs_in(self, login: str) -> aiohttp.ClientSession:
        """A REST session as that user."""
        http = await self.doors.enter_async_context(
            aiohttp.ClientSession(f"http://127.0.0.1:{self.server.web_port}/api/v1/")
        )
        async with http.post("session", json={"login": login, "password": PASSWORD}) as answer:
            assert answer.status == 200, await answer.text()
            http.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"
        return http

    async def opens_page(self, login: str) -> tuple[Screen, aiohttp.ClientSession]:
        """Log in over REST and open the live feed, as the desk does."""
        http = await self.logs_in(login)
        headers = {"Authorization": http.headers["Authorization"]}
        address = f"ws://127.0.0.1:{self.server.live_port}/live"
        live = await self.doors.enter_async_context(connect(address, additional_headers=headers, max_size=None))
        screen = Screen(live)
        await screen.until("snapshot")
        return screen, http

    async def connected(self) -> None:
        """Wait until the link to every PBX is up."""

        async def up() -> bool:
            return all(link.state == "up" for link in self.server.telephony.links())

        await until("every PBX is connected", up)

    async def history(self, http: aiohttp.ClientSession, client_id: str, count: int = 1) -> list[dict[str, Any]]:
        """The calls of a client's time line, newest first, when there are `count` and all have ended; never more."""
        calls: list[dict[str, Any]] = []

        async def there() -> bool:
            nonlocal calls
            async with http.get(f"clients/{client_id}/history") as answer:
                calls = [entry for entry in (await answer.json())["items"] if entry["kind"] == "call"]
            return len(calls) >= count and all(call.get("ended_at") for call in calls)

        await until(f"{count} calls in the history", there)
        assert len(calls) == count, calls
        return calls


def settings_for(data_dir: Path, *pbxs: Pbx) -> Settings:
    """A server on free ports, with these PBXs."""
    return Settings(
        data_dir=data_dir,
        area_code="495",
        web=Web.model_construct(host="127.0.0.1", port=0, public_url=""),
        live=Live.model_construct(host="127.0.0.1", port=0, public_url=""),
        pbx=pbxs,
    )


def simulated(host: str, port: int) -> Pbx:
    """How the server reaches a simulated PBX."""
    return Pbx.model_validate(
        {
            "name": "main",
            "host": host,
            "port": port,
            "username": "switchroom",
            "secret": "switchroom",
            "trunks": ("PJSIP/provider*",),
        }
    )


@asynccontextmanager
async def house_for(settings: Settings) -> AsyncIterator[House]:
    """A whole server on `settings`, connected to its PBXs."""
    async with AsyncExitStack() as doors:
        house = House(await doors.enter_async_context(serving(settings)), doors)
        await house.connected()
        yield house


@dataclass
class SimulatedHouse(House):
    """A whole server beside the simulated PBX."""

    pbx: SimulatedPbx


@asynccontextmanager
async def simulated_house(data_dir: Path, pbx: SimulatedPbx | None = None) -> AsyncIterator[SimulatedHouse]:
    """A whole server beside a simulated PBX whose people do only what they are told."""
    pbx = pbx or SimulatedPbx(seed=1)
    async with pbx.serve() as (host, port), house_for(settings_for(data_dir, simulated(host, port))) as house:
        yield SimulatedHouse(house.server, house.doors, pbx)
