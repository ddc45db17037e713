"""The composition root: which rooms run in this process, and who hears what. The only place that knows everyone."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web

import crm_store.http
import screenpop.http
import screenpop.pages
import telephony.http
from config.settings import SERVER_ROLES, Settings
from crm_store.database import StoreError, open_database
from crm_store.history import History
from crm_store.store import Store, build
from domain import events
from domain.events import News
from domain.routes import Route
from screenpop.admission import Credentials
from screenpop.service import Screenpop
from switchroom import VERSION, at_work, attendance, books, elsewhere, garbage, service_manager
from switchroom.bus import Bus
from switchroom.elsewhere import TelephonyElsewhere
from switchroom.guard import Address
from switchroom.health import Check, health_site
from switchroom.live_calls import with_life
from switchroom.log import say_where
from switchroom.nats_bus import NatsBus
from switchroom.screens import screens as screens_of_the_house
from switchroom.starting import CannotStart, Stop
from switchroom.supervision import supervision
from switchroom.web import serve_site, site
from telephony.service import Telephony

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that serves: where, and its parts as far as this process has them."""

    web_port: int
    live_port: int | None
    store: Store
    bus: Bus
    telephony: Telephony | TelephonyElsewhere
    screenpop: Screenpop | None


async def run(settings: Settings, roles: frozenset[str]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status: 0 told to stop (be it while starting), 1 could not start."""
    stop = Stop()
    try:
        async with serving(settings, roles) as server:
            log.info("ready", web_port=server.web_port, live_port=server.live_port, roles=sorted(roles))
            if "web" in roles:
                say_where(settings.web, server.web_port)
            garbage.spare_what_stays()
            service_manager.notify("READY=1")
            await stop.told()
            service_manager.notify("STOPPING=1")
            log.info("stopping")
    except (StoreError, CannotStart) as error:
        log.error("cannot start", reason=str(error))
        return 1
    except asyncio.CancelledError:
        log.info("told to stop before it was up")
    return 0


async def _as_it_is(_: Store) -> None:
    """The store as it was left."""


@asynccontextmanager
async def serving(
    settings: Settings,
    roles: frozenset[str] = SERVER_ROLES,
    *,
    before: Callable[[Store], Awaitable[None]] = _as_it_is,
) -> AsyncIterator[Server]:
    """The rooms of `roles`, up and wired, while inside; `before` may fill the store first.

    Raises StoreError, CannotStart.
    """
    async with AsyncExitStack() as doors:
        database = await doors.enter_async_context(open_database(settings))
        if pending := await database.pending():
            message = f"the database lacks {', '.join(pending)}; run: switchroom migrate"
            raise CannotStart(message)
        bus = await NatsBus.connect(settings.bus.nats, doors) if settings.bus.nats else Bus()
        history = History(database, settings.data_dir / "spool", stored=bus.publish) if "pbx" in roles else None
        store = build(database, settings, publish=bus.publish, caught_up=books.caught_up(bus, history))
        await before(store)
        parts: dict[str, Callable[[], Awaitable[None]]] = {}
        switchboard = await _telephony(settings, roles, store, bus, parts)
        screens = await _screens(settings, roles, store, bus, switchboard) if "live" in roles else None
        live_port = None
        if screens is not None:
            host, port = settings.live.host, settings.live.port
            live_port = await doors.enter_async_context(_listening(screens.serving(host, port), host, port))
        app = _site(settings, roles, store, bus, switchboard, screens, live_port)
        host, port = settings.web.host, settings.web.port
        web_port = await doors.enter_async_context(_listening(serve_site(app, host, port), host, port))
        if isinstance(bus, NatsBus) and "web" in roles:
            await elsewhere.tell_pages(bus, web_port, settings.web.public_url)
        if history and isinstance(switchboard, Telephony):  # the ports are ours: no other server has these PBXs
            await books.keep(history, bus, switchboard, doors)
        parts["bus"], parts["database"] = bus.run, database.keep_up
        parts["garbage"] = partial(garbage.look_through, partial(_quiet, switchboard, screens))
        if screens is not None:
            parts["attendance"] = partial(attendance.watch, store, screens.gateway, bus.publish)
        await doors.enter_async_context(supervision(**parts))
        yield Server(
            web_port=web_port,
            live_port=live_port,
            store=store,
            bus=bus,
            telephony=switchboard,
            screenpop=screens,
        )


# --- the rooms --------------------------------------------------------------------------------------------------


async def _telephony(
    settings: Settings,
    roles: frozenset[str],
    store: Store,
    bus: Bus,
    parts: dict[str, Callable[[], Awaitable[None]]],
) -> Telephony | TelephonyElsewhere:
    """The PBXs' links in this process, or the way to the process that has them."""
    if "pbx" not in roles:
        assert isinstance(bus, NatsBus)
        return TelephonyElsewhere(bus)
    names = await store.users.names()

    async def learn_names(_: News) -> None:
        fresh = await store.users.names()
        names.clear()
        names.update(fresh)

    switchboard = Telephony(
        settings.pbx,
        country=settings.country,
        area_code=settings.area_code,
        publish=bus.publish,
        names=lambda extension: names.get(extension, ""),
    )
    bus.subscribe("names", learn_names, events.UserChanged)
    parts["telephony"] = switchboard.run
    if isinstance(bus, NatsBus):
        await elsewhere.answer_for(switchboard, bus)
    return switchboard


async def _screens(
    settings: Settings,
    roles: frozenset[str],
    store: Store,
    bus: Bus,
    switchboard: Telephony | TelephonyElsewhere,
) -> Screenpop:
    web, pages = settings.web, None
    if isinstance(bus, NatsBus) and "web" not in roles:
        pages = elsewhere.ask_pages(bus, web.port, web.public_url)

    async def authorise(shown: Credentials):  # noqa: ANN202 - the gateway's own protocol
        if shown.ticket is not None:
            return await store.sessions.redeem(shown.ticket)
        return await store.sessions.check(shown.token) if shown.token is not None else None

    async def working_people():  # noqa: ANN202
        return [person for person in await store.users.list() if person.disabled_at is None]

    async def open_tasks(scope):  # noqa: ANN001, ANN202
        return (await store.tasks.list(scope, mine=True)).items

    screens = Screenpop(
        actions=switchboard.actions,
        look_up=store.cards.pop,
        authorise=authorise,
        recheck=store.sessions.recheck,
        people=working_people,
        publish=bus.publish,
        pause=switchboard.pause,
        web_port=web.port,
        public_url=web.public_url,
        pages=pages,
        version=VERSION,
        tasks=open_tasks,
    )
    await at_work.remember(screens.states, store.work_states, bus)
    bus.subscribe("screens", screens.on, *News.__args__)
    if isinstance(bus, NatsBus):
        for route in screenpop.http.routes(screens):
            await elsewhere.offer(route, bus)
    if isinstance(switchboard, TelephonyElsewhere):
        await elsewhere.catch_up(switchboard, screens)
    return screens


def _site(
    settings: Settings,
    roles: frozenset[str],
    store: Store,
    bus: Bus,
    switchboard: Telephony | TelephonyElsewhere,
    screens: Screenpop | None,
    live_port: int | None,
) -> web.Application:
    checks = _checks(store, switchboard)
    if "web" not in roles:
        return health_site(checks)

    routes = (*crm_store.http.routes(store), *_live_routes(bus, switchboard, screens))

    async def who(token: str):  # noqa: ANN202
        signed_in = await store.sessions.check(token)
        return signed_in.scope if signed_in else None

    return site(
        routes=with_life(routes, store.calls, elsewhere.standing(switchboard)),
        pages=(
            *screenpop.pages.screens(),
            *screens_of_the_house(store),
        ),
        who=who,
        address=Address(
            port=settings.web.port,
            public_url=settings.web.public_url,
            live_port=live_port or settings.live.port,
            live_public_url=settings.live.public_url,
        ),
        language=settings.language,
        time_zone=settings.time_zone,
        ready=checks,
        once=store.once,
    )


def _live_routes(bus: Bus, switchboard: Telephony | TelephonyElsewhere, screens: Screenpop | None) -> tuple[Route, ...]:
    """What the telephony and the screens answer, here or in the processes that have them."""
    mine: tuple[Route, ...] = ()
    if isinstance(switchboard, Telephony):
        views = {"presence": screens.presence, "queues": screens.queues} if screens is not None else {}
        mine += telephony.http.routes(switchboard, **views)
    if screens is not None:
        mine += screenpop.http.routes(screens)
    if isinstance(bus, NatsBus):
        if not isinstance(switchboard, Telephony):
            mine += elsewhere.telephony_routes(bus)
        if screens is None:
            mine += elsewhere.screen_routes(bus)
    return mine


def _quiet(switchboard: Telephony | TelephonyElsewhere, screens: Screenpop | None) -> bool:
    """Whether no call is up that this process knows of."""
    heard = switchboard.calls() if isinstance(switchboard, Telephony) else ()
    return not heard and (screens is None or screens.desk.quiet())


def _checks(store: Store, switchboard: Telephony | TelephonyElsewhere) -> tuple[Check, ...]:
    async def database() -> str | None:
        return None if await store.database.alive() else "does not answer"

    def link(name: str) -> Check:
        async def ask() -> str | None:
            status = next(one for one in switchboard.links() if one.pbx == name)
            return None if status.state == "up" else status.reason or status.state

        return Check(name=f"pbx {name}", ask=ask)

    links = switchboard.links() if isinstance(switchboard, Telephony) else ()
    return (Check(name="database", ask=database, vital=True), *(link(status.pbx) for status in links))


@asynccontextmanager
async def _listening(server, host: str, port: int) -> AsyncIterator[int]:  # noqa: ANN001
    """`server` while inside; a port somebody else has is said in words."""
    async with AsyncExitStack() as doors:
        try:
            bound = await doors.enter_async_context(server)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            message = f"cannot listen on {host} port {port}: {reason}"
            raise CannotStart(message) from error
        yield bound
