"""One route of the API as an aiohttp handler: read, admit, do, answer."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Any

import orjson
from aiohttp import hdrs, web

from domain.problems import Problem
from domain.rights import Scope
from domain.routes import Route
from switchroom import answers, guard
from switchroom.answers import Refused, json_response, to_json, worded
from switchroom.house import House, Once
from switchroom.language import Reader
from switchroom.operation import N_, Faults, Operation, read_version

BODY_SECONDS = 30


def answer_route(house: House, route: Route, how: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        scope = await house.admit(request, route)
        raw = await read_raw(request)
        call = _arguments(house, request, how, raw)
        if scope is not None and "user" in how.takes:
            call["user"] = scope
        act = partial(how.handler, **call)
        if route.once and house.once and scope and "Idempotency-Key" in request.headers:
            return await _answer_once(house.once, scope, request, raw, route.status, act)
        return _dressed(house, route, await act())

    return answer


def _dressed(house: House, route: Route, result: Any) -> web.Response:
    response = json_response(result, route.status)
    if route.session == "open":
        guard.open_session(response, result["token"] if isinstance(result, dict) else result.token, house.address)
    elif route.session == "close":
        guard.close_session(response, house.address)
    return response


async def _answer_once(
    once: Once, scope: Scope, request: web.Request, raw: bytes, status: int, act: Callable[[], Awaitable[Any]]
) -> web.Response:
    """Do it the first time; later, say again what was said then."""
    key = request.headers["Idempotency-Key"]
    if len(key) > 255:
        raise Refused(400, N_("Bad request"), N_("The Idempotency-Key is longer than 255 characters"))
    known = await once.begin(scope.user_id, key, sha256(request.path.encode() + b"\0" + raw).hexdigest())
    if known is not None:
        return json_response(known[1], known[0], answers.PROBLEM if known[0] >= 400 else answers.JSON)
    try:
        result = await act()
    except Problem as problem:
        if problem.extra.get("outcome") == "unknown":  # it may have been done: never again under this key
            document = worded(problem, Reader(scope.language, scope.time_zone))
            await once.finish(scope.user_id, key, problem.status, orjson.loads(to_json(document)))
        else:
            await once.forget(scope.user_id, key)
        raise
    await once.finish(scope.user_id, key, status, orjson.loads(to_json(result)))
    return json_response(result, status)


def _arguments(house: House, request: web.Request, how: Operation, raw: bytes) -> dict[str, Any]:
    call: dict[str, Any] = how.read_path(request.match_info)
    query, wrong_query = how.read_query({name: request.query.getall(name) for name in request.query})
    body, wrong_body = how.read_body(raw)
    if faults := wrong_query + wrong_body:
        raise Faults(faults)
    if how.body is not None and raw and request.content_type != answers.JSON:
        raise Refused(415, N_("Not JSON"), N_("Send the body as application/json"))
    if "version" in how.takes:
        call["version"] = read_version(request.headers.get(hdrs.IF_MATCH))
    call |= {name: value for name, value in (("query", query), ("body", body)) if name in how.takes}
    if "request" in how.takes:
        call["request"] = house.facts(request)
    return call


async def read_raw(request: web.Request) -> bytes:
    """The body, whole, within the limit of size and of time (a client that dribbles is let go)."""
    if not request.can_read_body:
        return b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise Refused(408, N_("Too slow"), N_("The request took too long to arrive")) from error
