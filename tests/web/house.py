"""A site over a real client base: log in as people do, by the form, and look at pages as a browser gets them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from argon2 import PasswordHasher

from config.settings import Settings
from crm_store import http
from crm_store.database import Database
from crm_store.passwords import Passwords
from crm_store.store import Store, build
from crm_store.user import User, UserDraft
from domain.rights import Role, Scope
from domain.routes import Screen
from switchroom.guard import Address
from switchroom.screens import screens
from switchroom.web import serve_site, site

PASSWORD = "correct horse battery"
ADDRESS = Address(port=8080, live_port=8081)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a browser got: where it ended up, and what it says."""

    status: int
    path: str
    text: str

    @property
    def words(self) -> str:
        """The page without its tags."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text))


class Browser:
    """A browser of one person; it sends its Origin with every form, as browsers do."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self.session, self.origin = session, origin

    async def get(self, path: str) -> Page:
        """Open a page; redirects are followed."""
        async with self.session.get(self.origin + path) as answer:
            return Page(status=answer.status, path=answer.url.path_qs, text=await answer.text())

    async def post(self, path: str, **fields: str) -> Page:
        """Send a form; redirects are followed."""
        headers = {"Origin": self.origin}
        async with self.session.post(self.origin + path, data=fields, headers=headers) as answer:
            return Page(status=answer.status, path=answer.url.path_qs, text=await answer.text())

    async def log_in(self, login: str, password: str = PASSWORD, target: str = "/account") -> Page:
        """The log-in form, filled in."""
        return await self.post("/login", login=login, password=password, next=target)

    def cookie(self) -> str | None:
        """The session's token."""
        return next((one.value for one in self.session.cookie_jar if one.key == ADDRESS.cookie), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The site, and the stores behind it."""

    origin: str
    store: Store

    async def user(self, login: str, role: Role = "agent", extension: str | None = None, name: str = "") -> User:
        """Somebody who works here, with the password `PASSWORD`."""
        draft = UserDraft(login=login, name=name or login, role=role, extension=extension, language="ru")
        return await self.store.users.create(None, draft, PASSWORD)

    @asynccontextmanager
    async def browser(self, language: str = "en") -> AsyncIterator[Browser]:
        """A new browser, nobody logged in."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": language}) as session:
            yield Browser(session, self.origin)


@asynccontextmanager
async def open_house(database: Database, *further: Screen) -> AsyncIterator[House]:
    """Serve the pages over `database`."""
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    store = build(database, Settings(), passwords=cheap)

    async def who(token: str) -> Scope | None:
        signed_in = await store.sessions.check(token)
        return signed_in.scope if signed_in else None

    app = site(
        routes=http.routes(store),
        pages=(*screens(store), *further),
        who=who,
        address=ADDRESS,
        once=store.once,
    )
    async with serve_site(app, "127.0.0.1", 0) as port:
        yield House(origin=f"http://127.0.0.1:{port}", store=store)
