"""Rooms that run in another process, reached over NATS: the same callables, asked instead of called.

`offer` lets this process answer a route for the others; `forwarded` is the same route where it is not at home.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, cast, get_type_hints

import structlog

import screenpop.http
import telephony.http
from domain.calls import Call
from domain.events import CallChanged, PbxConnected, PresenceChanged, QueueChanged
from domain.presence import Presence, Queue
from domain.problems import Unavailable
from domain.rights import Scope
from domain.routes import Route
from screenpop.admission import Pages
from screenpop.service import Screenpop
from switchroom.nats_bus import DOING, PATIENCE, NatsBus, adapter
from telephony.ami import LinkStatus
from telephony.possible import Ground, possible
from telephony.service import Telephony

log = structlog.get_logger()
Packed = tuple[dict[str, Any]]
Asked = tuple[str, Scope]
PAUSE = "telephony.pause"
SNAPSHOT = "telephony.snapshot"
STANDING = "telephony.standing"
PAGES = "web.pages"
LASTS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How every connected PBX stands."""

    pbxs: dict[str, str]
    calls: tuple[Call, ...]
    presence: tuple[Presence, ...]
    queues: tuple[Queue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A call that lives, and what the user who asked can do with it now."""

    call: Call
    actions: tuple[str, ...]


Standings = Callable[[str, Scope], Awaitable[Standing | None]]


class TelephonyElsewhere:
    """What the other rooms need of a telephony that runs in another process."""

    def __init__(self, bus: NatsBus) -> None:
        self._bus = bus

    def actions(self, call: Call, scope: Scope) -> tuple[str, ...]:
        """What the record says can be done; the process of the PBX may still know a reason against it."""
        return possible(call, scope, Ground())

    def links(self) -> tuple[LinkStatus, ...]:
        """None of them is this process's."""
        return ()

    async def pause(self, extension: str, paused: bool, reason: str) -> None:
        """Pause a member in the queues; raises Unavailable."""
        await self._bus.ask(PAUSE, tuple[str, bool, str], None, extension, paused, reason)

    async def snapshot(self) -> Snapshot:
        """How things stand now; raises Unavailable."""
        return cast("Snapshot", await self._bus.ask(SNAPSHOT, tuple[()], Snapshot))

    async def standing(self, call_id: str, scope: Scope) -> Standing | None:
        """How a call stands where its PBX is; raises Unavailable."""
        return cast("Standing | None", await self._bus.ask(STANDING, Asked, Standing | None, call_id, scope))


def standing(switchboard: Telephony | TelephonyElsewhere) -> Standings:
    """Who knows how a call stands: this process, or the one that has the PBXs."""
    if isinstance(switchboard, TelephonyElsewhere):
        return switchboard.standing

    async def here(call_id: str, scope: Scope) -> Standing | None:
        call = switchboard.call(call_id)
        return Standing(call=call, actions=switchboard.actions(call, scope)) if call else None

    return here


async def answer_for(switchboard: Telephony, bus: NatsBus) -> None:
    """Let the other processes use this one's telephony."""

    async def snapshot() -> Snapshot:
        return Snapshot(
            pbxs={link.pbx: link.version for link in switchboard.links() if link.state == "up"},
            calls=switchboard.calls(),
            presence=switchboard.presence(),
            queues=switchboard.queues(),
        )

    await bus.answer(PAUSE, switchboard.pause, tuple[str, bool, str], None)
    await bus.answer(SNAPSHOT, snapshot, tuple[()], Snapshot)
    await bus.answer(STANDING, standing(switchboard), Asked, Standing | None)
    for route in telephony.http.routes(switchboard):
        await offer(route, bus)


async def catch_up(switchboard: TelephonyElsewhere, screens: Screenpop) -> None:
    """Tell the screens what went on before they were here; a PBX's process that starts later tells it itself."""
    try:
        found = await switchboard.snapshot()
    except Unavailable:
        log.info("no process has a PBX yet")
        return
    at = datetime.now(UTC)
    for pbx, version in found.pbxs.items():
        await screens.on(PbxConnected(at=at, pbx=pbx, version=version))
    for phone in found.presence:
        await screens.on(PresenceChanged(at=at, before=None, after=phone))
    for queue in found.queues:
        await screens.on(QueueChanged(at=at, queue=queue))
    for call in found.calls:
        await screens.on(CallChanged(at=at, before=None, after=call, read_at=0.0))


# --- pages ------------------------------------------------------------------------------------------------------


async def tell_pages(bus: NatsBus, port: int, public_url: str) -> None:
    """Say to the other processes where this one's pages are: the cookie's name and the Origin follow from it."""

    async def pages() -> tuple[int, str]:
        return port, public_url

    await bus.answer(PAGES, pages, tuple[()], tuple[int, str])


def ask_pages(bus: NatsBus, port: int, public_url: str) -> Pages:
    """Where the pages are, from the process that has them, asked again after `LASTS` seconds; what was known last
    while none answers."""
    known, asked_at = (port, public_url), -LASTS

    async def pages() -> tuple[int, str]:
        nonlocal known, asked_at
        if time.monotonic() - asked_at >= LASTS:
            with suppress(Unavailable):
                known = await bus.ask(PAGES, tuple[()], tuple[int, str])
                asked_at = time.monotonic()
        return known

    return pages


# --- routes -----------------------------------------------------------------------------------------------------


def telephony_routes(bus: NatsBus) -> tuple[Route, ...]:
    """The telephony's routes, answered where the PBXs are. The table is read, its handlers are never run here."""
    return tuple(forwarded(route, bus) for route in telephony.http.routes(cast("Telephony", None)))


def screen_routes(bus: NatsBus) -> tuple[Route, ...]:
    """The screens' routes, answered where the live gateway is."""
    return tuple(forwarded(route, bus) for route in screenpop.http.routes(cast("Screenpop", None)))


async def offer(route: Route, bus: NatsBus) -> None:
    """Answer `route` for the processes that have it not at home."""
    shapes = _shapes(route)

    async def respond(given: dict[str, Any]) -> Any:
        return await route.handler(**{name: adapter(shapes[name]).validate_python(given[name]) for name in shapes})

    await bus.answer(_subject(route), respond, Packed, Any)


def forwarded(route: Route, bus: NatsBus) -> Route:
    """`route` as this process answers it: by asking the process that can."""
    shapes, patience = _shapes(route), PATIENCE if route.method == "GET" else DOING

    @wraps(route.handler)
    async def forward(**given: Any) -> Any:
        packed = {name: adapter(shapes[name]).dump_python(given[name], mode="json") for name in shapes}
        return await bus.ask(_subject(route), Packed, Any, packed, patience=patience)

    return replace(route, handler=forward)


def _shapes(route: Route) -> dict[str, Any]:
    return {name: shape for name, shape in get_type_hints(route.handler).items() if name != "return"}


def _subject(route: Route) -> str:
    path = route.path.strip("/").replace("/", ".").replace("{", "").replace("}", "")
    return f"route.{route.method}.{path}"
