"""The web frame: tables of routes and pages in, one aiohttp site out.

Rooms say what they answer (`domain.routes`); this says how it travels: reading, rights, origin, language,
problems, idempotency, headers, metrics, one log line a request. Pages for people are in `switchroom.pages`.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

import structlog
from aiohttp import hdrs, web
from prometheus_client import Histogram

from domain.problems import Problem, Unavailable
from domain.rights import Scope
from domain.routes import Route, Screen
from switchroom import answers, guard, health, openapi
from switchroom.answers import Refused, problem_response, to_json
from switchroom.api import answer_route
from switchroom.catalogue import dictionary
from switchroom.guard import Address
from switchroom.house import House, Once
from switchroom.language import LANGUAGES
from switchroom.operation import N_, operation
from switchroom.pages import Pages

log = structlog.get_logger()
API = "/api/v1"
BODY_LIMIT = 1_048_576
IDLE_SECONDS = 30
SECONDS = Histogram("switchroom_http_seconds", "Time to answer a request", ["method", "route", "status"])


def site(
    *,
    routes: Sequence[Route],
    pages: Sequence[Screen] = (),
    who: Callable[[str], Awaitable[Scope | None]],
    address: Address,
    language: str = "ru",
    time_zone: str = "Europe/Moscow",
    ready: Sequence[health.Check] = (),
    once: Once | None = None,
) -> web.Application:
    """The whole site; `who` turns a session's token into its user, None when it is not (or no longer) valid."""
    house = House(address=address, language=language, time_zone=time_zone, who=who, once=once)
    rendering = Pages(house)
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_around(house, rendering)])
    described = [(route, operation(route)) for route in sorted(routes, key=_most_literal_first)]
    _alone(routes, pages)
    for route, how in described:
        app.router.add_route(route.method, API + route.path, answer_route(house, route, how))
    spec = cache(partial(openapi.describe, described, cookie=address.cookie))
    for screen in (*pages, openapi.docs_page(spec, f"{API}/docs")):
        app.router.add_route(screen.method, screen.path, rendering.answer(screen))
    app.router.add_get(f"{API}/openapi.json", _document(spec))
    health.add(app, ready)
    rendering.add_static(app)
    app.cleanup_ctx.append(_learn_words)
    return app


async def _learn_words(_: web.Application) -> AsyncIterator[None]:
    """Read the catalogues beside the work: the first page must not hold up a ringing phone."""
    learning = [asyncio.create_task(asyncio.to_thread(dictionary, known)) for known in LANGUAGES]
    yield
    await asyncio.gather(*learning)


def _alone(routes: Sequence[Route], pages: Sequence[Screen]) -> None:
    """Refuse two answers for one address: aiohttp would take the first and say nothing."""
    taken: dict[tuple[str, str], str] = {}
    for one in (*((API, route) for route in routes), *(("", page) for page in pages)):
        key = (one[1].method, one[0] + re.sub(r"\{\w+\}", "{}", one[1].path))
        name = f"{one[1].handler.__module__}.{one[1].handler.__qualname__}"
        if taken.setdefault(key, name) != name:
            message = f"{key[0]} {key[1]} is answered twice: by {taken[key]} and by {name}"
            raise ValueError(message)


def _most_literal_first(route: Route) -> list[bool]:
    """`/clients/lookup` has to be tried before `/clients/{id}`."""
    return [part.startswith("{") for part in route.path.split("/")]


def _document(spec: Callable[[], dict[str, Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=to_json(await asyncio.to_thread(spec)), content_type=answers.JSON)

    return answer


def _around(house: House, pages: Pages) -> Any:
    @web.middleware
    async def around(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
        began = time.perf_counter()
        try:
            response = await handler(request)
        except (Problem, web.HTTPException) as error:
            response = await _refuse(house, pages, request, error)
        except (ConnectionError, TimeoutError, OSError):
            log.exception("a request failed: a part is away", method=request.method, route=_pattern(request))
            response = await _refuse(house, pages, request, Unavailable("A part of the server is away; try again"))
        except Exception:
            log.exception("a request failed", method=request.method, route=_pattern(request))
            response = await _refuse(house, pages, request, Problem("Something went wrong here; it has been noted"))
        guard.protect(response, house.address.live_url(request.host))
        _note(request, response, time.perf_counter() - began)
        return response

    return around


async def _refuse(
    house: House, pages: Pages, request: web.Request, error: Problem | web.HTTPException
) -> web.StreamResponse:
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            return error
        error = _in_our_words(error)
    if request.path.startswith("/api/"):
        return problem_response(error, house.reader(request))
    return await pages.refuse(request, error)


def _in_our_words(error: web.HTTPException) -> Problem:
    match error.status:
        case 404:
            return Refused(404, N_("Not found"), N_("There is no such page or record"))
        case 405:
            allowed = {"Allow": error.headers.get(hdrs.ALLOW, "")}
            return Refused(405, N_("Not possible this way"), N_("This address does not take this method"), allowed)
        case 413:
            return Refused(413, N_("Too large"), N_("The request is too large"))
        case status:
            return Refused(status, N_("Not understood"), N_("The request was not understood"))


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


def _note(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    """One line and one measurement a request: the route's pattern, never what stood in it."""
    route = _pattern(request)
    SECONDS.labels(request.method, route, response.status).observe(seconds)
    if not route.startswith(("/static", "/healthz", "/readyz", "/metrics")):
        log.info("request", method=request.method, route=route, status=response.status, ms=round(seconds * 1000, 1))


@asynccontextmanager
async def serve_site(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while the block runs; gives the port (the real one for 0). OSError where it is taken.

    A connection that sends no whole request head within `IDLE_SECONDS` is closed.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        handle_signals=False,
        shutdown_timeout=5,
        max_line_size=8190,
    )
    await runner.setup()
    try:
        tcp = web.TCPSite(runner, host, port, backlog=512)
        await tcp.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
