"""The HTTP side of the live port: which requests are handshakes, and how a connection is refused or closed."""

import asyncio
import json
from contextlib import suppress
from http import HTTPStatus

from prometheus_client import Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from screenpop.admission import Wish, origin_allowed, read

CLOSED = Counter("switchroom_live_closed", "Connections the live gateway let go", ["code"])
CLOSING = 5.0


def greet(connection: ServerConnection, request: Request) -> Response | None:
    """The answer to what is no handshake for the feed; None for what is."""
    match request.path.partition("?")[0]:
        case "/live":
            return None
        case "/healthz":
            return _answer(HTTPStatus.OK, json.dumps({"status": "ok"}).encode(), "application/json")
        case "/metrics":
            return _answer(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
        case _:
            return connection.respond(HTTPStatus.NOT_FOUND, "the live feed is at /live\n")


def wish(request: Request, *, public_url: str, web_port: int) -> Wish | None:
    """What a handshake asks for; None where it comes from a page that is not ours."""
    headers = request.headers
    single = {name: headers.get_all(name)[-1] for name in ("Authorization", "Cookie", "Host") if name in headers}
    origins = headers.get_all("Origin")
    if not origin_allowed(origins, single.get("Host", ""), public_url=public_url, web_port=web_port):
        return None
    return read(request.path, single, f"switchroom_{web_port}")


async def shut(connection: ServerConnection, code: int, reason: str) -> None:
    """Close with a reason; whoever does not read it is cut off after a while."""
    CLOSED.labels(str(int(code))).inc()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING):
            await connection.close(code, reason)
            return
    connection.transport.abort()


def _answer(status: HTTPStatus, body: bytes, kind: str) -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status.value, status.phrase, headers, body)
