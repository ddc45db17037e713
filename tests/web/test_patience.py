"""Clients that dribble, junk on the port, and what the log says about a request."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
import structlog

from domain.rights import Scope
from domain.routes import Route
from switchroom import api
from switchroom import web as frame
from tests.web.house_of_fakes import served


async def _echo(user: Scope, body: dict[str, Any]) -> dict[str, Any]:
    return body


def port_of(browser: aiohttp.ClientSession) -> int:
    """Where the site listens."""
    assert browser._base_url is not None
    return browser._base_url.port or 0


async def _said(port: int, *pieces: bytes) -> bytes:
    """What the server says to raw bytes, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def test_a_client_that_never_finishes_its_headers_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "IDLE_SECONDS", 0.2)
    async with served(()) as browser:
        assert await _said(port_of(browser), b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""


async def test_a_client_that_never_finishes_its_body_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BODY_SECONDS", 0.2)
    head = (
        b"POST /api/v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: Bearer agents-token\r\n\r\n{"
    )
    routes = (Route(method="POST", path="/echo", handler=_echo, summary="Echo"),)
    async with served(routes) as browser:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(browser))
        writer.write(head)
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_junk_on_the_port_is_answered_and_hurts_nobody() -> None:
    async with served(()) as browser:
        assert b"400" in (await _said(port_of(browser), b"\x16\x03\x01\x02junk\r\n\r\n")).split(b"\r\n")[0]
        async with browser.get("/healthz") as answer:
            assert answer.status == 200


async def test_the_log_names_the_route_and_never_what_stood_in_it() -> None:
    async def read(user: Scope, number: str) -> dict[str, str]:
        return {"number": number}

    routes = (Route(method="GET", path="/numbers/{number}", handler=read, summary="One"),)
    with structlog.testing.capture_logs() as lines:
        async with (
            served(routes) as browser,
            browser.get("/api/v1/numbers/+79211234567", headers={"Cookie": "a=secret"}) as answer,
        ):
            assert answer.status == 200
    told = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in told] == [("/api/v1/numbers/{number}", 200)]
    assert "7921" not in json.dumps(lines, default=str)
    assert "secret" not in json.dumps(lines, default=str)
