"""The real Screenpop on a real port, with people, sessions and clients of our own in place of the store."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crm_store.cards import Card
from domain.events import News
from domain.rights import Scope
from screenpop.admission import Credentials
from screenpop.service import Screenpop
from screenpop.states import Rules
from tests.screenpop.scene import Screen

PATIENT = 20.0  # seconds a test waits for what must come; never a measure


@dataclass(frozen=True)
class Session:
    scope: Scope
    session_id: str


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    extension: str | None


@dataclass
class House:
    """Everything around the screens. `away`: the database is."""

    people: list[Scope]
    clients: dict[str, Card] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    paused: list[tuple[str, bool, str]] = field(default_factory=list)
    look_ups: list[str] = field(default_factory=list)
    away: bool = False
    stalled: asyncio.Event | None = None
    port: int = 0
    screenpop: Screenpop = field(init=False)
    news: list[News] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sessions = {f"token-{scope.login}": Session(scope, scope.login) for scope in self.people}

    async def look_up(self, number: str) -> Card:
        self.look_ups.append(number)
        if self.stalled is not None:
            await self.stalled.wait()
        if self.away:
            raise ConnectionError("the database is away")
        return self.clients.get(number, Card(number=number))

    async def authorise(self, credentials: Credentials) -> Session | None:
        if self.away:
            raise ConnectionError("the database is away")
        token = self.tickets.pop(credentials.ticket, None) if credentials.ticket else credentials.token
        return self.sessions.get(token or "")

    async def recheck(self, session_id: str) -> Session | None:
        return next((each for each in self.sessions.values() if each.session_id == session_id), None)

    async def who(self) -> list[Person]:
        return [Person(scope.user_id, scope.name, scope.extension) for scope in self.people]

    async def pause(self, extension: str, paused: bool, reason: str) -> None:
        self.paused.append((extension, paused, reason))

    def publish(self, news: News) -> None:
        """The bus, for events the screens tell themselves."""
        self.news.append(news)
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self.screenpop.on(news)))

    def change_role(self, scope: Scope, **changes: Any) -> None:
        token = f"token-{scope.login}"
        self.sessions[token] = Session(replace(scope, **changes), self.sessions[token].session_id)

    @asynccontextmanager
    async def enters(self, who: Scope | None, query: str = "", **headers: str) -> AsyncIterator["Browser"]:
        given = {"Authorization": f"Bearer token-{who.login}"} if who and not headers else {}
        async with connect(
            f"ws://127.0.0.1:{self.port}/live{query}",
            additional_headers={**given, **headers},
            compression=None,
            max_size=None,
        ) as socket:
            yield Browser(socket)

    async def settled(self) -> None:
        """Until everything the screens began is done."""
        await self.screenpop.settled()

    async def on(self, *happened: News) -> None:
        for each in happened:
            await self.screenpop.on(each)


class Browser:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.screen = Screen()
        self._events: list[dict[str, Any]] = []

    async def next(self, *types: str) -> dict[str, Any]:
        """The next event of one of these types (pings are passed over), remembered on the screen."""
        async with asyncio.timeout(PATIENT):
            while True:
                while self._events:
                    event = self._events.pop(0)
                    self.screen.read([event])
                    if event["type"] in types if types else event["type"] != "ping":
                        return event
                self._events = json.loads(await self.socket.recv())

    async def opened(self) -> dict[str, Any]:
        """Hello and snapshot; gives the snapshot."""
        assert (await self.next())["type"] == "hello"
        return await self.next("snapshot")

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def closed(self) -> tuple[int | None, str]:
        """Read to the end: the code and the reason."""
        async with asyncio.timeout(PATIENT):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def house(
    *people: Scope, patience: float = 5.0, rules: Rules | None = None, **clients: Card
) -> AsyncIterator[House]:
    made = House(list(people), clients={card.number or "": card for card in clients.values()})
    made.screenpop = Screenpop(
        actions=lambda _call, _scope: ("answer",),
        look_up=made.look_up,
        authorise=made.authorise,
        recheck=made.recheck,
        people=made.who,
        publish=made.publish,
        pause=made.pause,
        web_port=8080,
        public_url="https://crm.example.org",
        version="test",
        patience=patience,
        rules=rules or Rules(),
    )
    async with made.screenpop.serving("127.0.0.1", 0) as port:
        made.port = port
        yield made
