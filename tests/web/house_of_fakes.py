"""A site with a few routes of its own, served for real: what the frame does, without any room."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from domain.problems import Conflict
from domain.rights import Scope
from domain.routes import Route
from switchroom.guard import Address
from switchroom.health import Check
from switchroom.web import serve_site, site

AGENT = Scope(user_id="u1", login="anna", name="Анна", role="agent", extension="101", language="ru")
ADMIN = Scope(user_id="u2", login="root", name="Root", role="admin", language="en")
SESSIONS = {"agents-token": AGENT, "admins-token": ADMIN}
ADDRESS = Address(port=8080, live_port=8081)


@dataclass
class Memory:
    """What was answered to which key, in memory."""

    answered: dict[tuple[str, str], tuple[str, tuple[int, Any] | None]] = field(default_factory=dict)

    async def begin(self, user_id: str, key: str, body_hash: str) -> tuple[int, Any] | None:
        known = self.answered.setdefault((user_id, key), (body_hash, None))
        if known[0] != body_hash:
            raise Conflict("This Idempotency-Key was used for another request")
        return known[1]

    async def finish(self, user_id: str, key: str, status: int, answer: Any) -> None:
        body_hash, _ = self.answered[user_id, key]
        self.answered[user_id, key] = (body_hash, (status, answer))

    async def forget(self, user_id: str, key: str) -> None:
        del self.answered[user_id, key]


async def _who(token: str) -> Scope | None:
    return SESSIONS.get(token)


@asynccontextmanager
async def served(
    routes: Sequence[Route],
    *,
    token: str | None = "agents-token",
    cookie: str | None = None,
    ready: Sequence[Check] = (),
    who: Callable[[str], Awaitable[Scope | None]] = _who,
    **further: Any,
) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser or program talking to the site, logged in by `token` (Bearer) or by `cookie`."""
    app = site(routes=routes, who=who, address=ADDRESS, ready=ready, once=Memory(), **further)
    headers = {"Authorization": f"Bearer {token}"} if token and not cookie else {}
    cookies = {ADDRESS.cookie: cookie} if cookie else {}
    async with (
        serve_site(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", headers=headers, cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as browser,
    ):
        yield browser
