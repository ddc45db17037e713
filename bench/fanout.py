"""Presence changes to 1,000 agents: our gateway beside aiohttp's `send_str` loop and a plain C send loop.

Three servers with 1,000 websockets each, read by the same C program; each repetition runs all of them, one after
the other. Ours is the whole way from the event on the bus: joined with its user, cut by rights, encoded, framed.
A burst is 20 extensions that change within one tick; aiohttp sends them as they come, as its users do.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from aiohttp import web

from bench.table import Row
from bench.wire import Wire, compiled, compiler, wire
from domain.events import PresenceChanged
from domain.presence import PhoneState, Presence
from domain.rights import Scope
from screenpop.admission import Credentials
from screenpop.desk import Desk
from screenpop.gateway import Gateway
from screenpop.protocol import array, encode, frame

AGENTS = 1_000
BURST = 20
REPETITIONS = 7
ROUNDS = 30
PAUSE = 0.002  # seconds between changes that come one by one
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """An agent who is let in."""

    scope: Scope
    session_id: str


class Ours:
    """The gateway with its desk; every agent has the phone of his number."""

    def __init__(self) -> None:
        self.desk = Desk(actions=lambda _call, _scope: ())
        self.gateway = Gateway(
            authorise=self._authorise,
            recheck=self._recheck,
            desk=self.desk,
            web_port=1,
            heartbeat=600.0,
            dead_after=600.0,
        )
        self.gateway.audience = self
        self._change = 0

    async def _authorise(self, credentials: Credentials) -> Session:
        number = (credentials.token or "").removeprefix("agent")
        scope = Scope(user_id=number, login=number, name=f"Agent {number}", role="agent", extension=number)
        return Session(scope, number)

    async def _recheck(self, _session_id: str) -> None:
        return None

    def arrived(self, scope: Scope) -> None: ...
    def left(self, scope: Scope) -> None: ...
    def shown(self, scope: Scope, call_id: str, *, hidden: bool) -> None: ...
    async def tasks(self, scope: Scope) -> Sequence[dict[str, Any]]:
        return ()

    def change(self) -> None:
        """One extension begins or ends to talk."""
        self._change += 1
        state: PhoneState = "talking" if self._change // AGENTS % 2 else "idle"
        peer = "+79211234567" if state == "talking" else None
        extension = str(self._change * 7 % AGENTS)
        after = Presence(pbx="main", extension=extension, state=state, since=AT, peer=peer)
        self.desk.on(PresenceChanged(at=AT, before=None, after=after))

    async def send(self, changes: int) -> None:
        """That many changes, told as one tick."""
        for _ in range(changes):
            self.change()
        self.gateway.tell(self.desk.tick(AT))
        await asyncio.sleep(0)
        while self.gateway.passing():  # noqa: ASYNC110 - it goes on in the next turn of the loop
            await asyncio.sleep(0)

    async def drained(self) -> None:
        """Until nothing waits in any outbox."""
        while self._waiting():  # noqa: ASYNC110 - outboxes tell nobody that they are empty
            await asyncio.sleep(0)

    def _waiting(self) -> bool:
        return any(link.pipe.get_write_buffer_size() for link in self.gateway.open_links())


class Loop:
    """aiohttp, used as its documentation shows: one `send_str` after the other."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._sockets: list[web.WebSocketResponse] = []

    async def attend(self, request: web.Request) -> web.WebSocketResponse:
        """One browser."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    async def send(self, changes: int) -> None:
        """That many changes to everybody."""
        for _ in range(changes):
            for socket in self._sockets:
                await socket.send_str(self._event)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Serve while inside; gives the port."""
        app = web.Application()
        app.router.add_get("/live", self.attend)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


def one_event() -> bytes:
    """A presence event as ours is told, for the peers to send."""
    desk = Desk(actions=lambda _call, _scope: ())
    after = Presence(pbx="main", extension="500", state="talking", since=AT)
    desk.on(PresenceChanged(at=AT, before=None, after=after))
    [telling] = desk.tick(AT)
    return encode(1_000_000, "2026-11-22T09:00:00.000Z", telling.event)


async def timed(rounds: int, send: Callable[[], Awaitable[None]], after: Callable[[], Awaitable[None]]) -> float:
    """Wall seconds of `rounds` sends at full speed, until all left."""
    began = time.perf_counter()
    for _ in range(rounds):
        await send()
    await after()
    return time.perf_counter() - began


async def _nothing() -> None:
    return None


async def cpu_per_frame(ours: Ours) -> float:
    """Microseconds of this process for one frame of a change that comes alone."""
    spent = 0.0
    for _ in range(ROUNDS):
        began = time.process_time()
        await ours.send(1)
        spent += time.process_time() - began
        await asyncio.sleep(PAUSE)
    return spent / ROUNDS / AGENTS * 1e6


async def measure(ours: Ours, loop: Loop, sender: Wire) -> tuple[list[float], ...]:
    """Events a second of ours and aiohttp in bursts; CPU microseconds a frame of ours and C, one by one."""
    hexed = frame(array([one_event()])).hex()
    figures: tuple[list[float], ...] = ([], [], [], [])
    for _ in range(REPETITIONS):
        burst = await timed(ROUNDS, lambda: ours.send(BURST), ours.drained)
        figures[0].append(ROUNDS * BURST * AGENTS / burst)
        peer = await timed(2, lambda: loop.send(BURST), _nothing)
        figures[1].append(2 * BURST * AGENTS / peer)
        figures[2].append(await cpu_per_frame(ours))
        cpu, _wall = await sender.ask(f"go {ROUNDS} {int(PAUSE * 1e6)} {hexed}")
        figures[3].append(cpu / ROUNDS / AGENTS / 1e3)
    assert len(ours.gateway.open_links()) == AGENTS, "everybody was told everything"
    return figures


async def run() -> list[Row]:
    """Both figures, or a row that says why there are none."""
    if compiler() is None:
        why = "needs gcc (apt-get install gcc): both readers and the limit are C programs"
        return [_row("presence to 1,000 agents", 0.0, None, "events/s", why, "≥ 8 ×", reached=False)]
    ours, loop = Ours(), Loop(one_event().decode())
    with tempfile.TemporaryDirectory() as folder:
        program = await compiled(folder)
        async with (
            ours.gateway.serving("127.0.0.1", 0) as our_port,
            loop.serving() as loop_port,
            wire(program, "send", AGENTS) as sender,
        ):
            await sender.ready()
            ends = [(our_port, "agent"), (loop_port, "agent"), (sender.port, "agent")]
            async with (
                wire(program, "read", ends[0][0], AGENTS, "agent") as first,
                wire(program, "read", ends[1][0], AGENTS, "agent") as second,
                wire(program, "read", ends[2][0], AGENTS, "agent") as third,
            ):
                await asyncio.gather(first.ready(), second.ready(), third.ready())
                figures = await measure(ours, loop, sender)
    return _rows(*(median(each) for each in figures))


def _rows(ours: float, aiohttp: float, our_cpu: float, c_cpu: float) -> list[Row]:
    burst = f"presence to 1,000 agents, bursts of {BURST}"
    return [
        _row(burst, ours, aiohttp, "events/s", "aiohttp send_str loop", "≥ 8 ×", reached=ours >= 8 * aiohttp),
        _row(
            "presence to 1,000 agents, one by one",
            our_cpu,
            c_cpu,
            "µs CPU/frame",
            "C send loop",
            "≤ 1.7 ×",
            reached=our_cpu <= 1.7 * c_cpu,
        ),
    ]


def _row(what: str, ours: float, peer: float | None, unit: str, name: str, goal: str, *, reached: bool) -> Row:
    return Row(what=what, ours=ours, peer=peer, unit=unit, peer_name=name, goal=goal, reached=reached)
