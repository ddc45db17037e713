"""What every answer of the site needs to know: who asks, what he may, in which language he reads."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import hdrs, web

from domain.problems import Unauthorised
from domain.rights import Scope
from domain.routes import RequestFacts, Route, Screen
from switchroom import guard
from switchroom.guard import Address
from switchroom.language import Reader, best_language

SCOPE: web.RequestKey[Scope] = web.RequestKey("scope", Scope)


class Once(Protocol):
    """Remembers for 24 h what was answered to an `Idempotency-Key` (crm_store.once)."""

    async def begin(self, user_id: str, key: str, body_hash: str) -> tuple[int, Any] | None:
        """The answer given before, or None: do it now. Conflict: another body, or still being worked on."""
        ...

    async def finish(self, user_id: str, key: str, status: int, answer: Any) -> None:
        """Keep the answer."""
        ...

    async def forget(self, user_id: str, key: str) -> None:
        """It was not done: the same key may be tried again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the whole site shares."""

    address: Address
    language: str
    time_zone: str
    who: Callable[[str], Awaitable[Scope | None]]
    once: Once | None

    async def scope(self, request: web.Request) -> Scope | None:
        """Who asks, asked once a request."""
        if SCOPE in request:
            return request[SCOPE]
        token, _ = guard.token_of(request, self.address)
        scope = await self.who(token) if token else None
        if scope is not None:
            request[SCOPE] = scope
        return scope

    async def admit(self, request: web.Request, route: Route | Screen) -> Scope | None:
        """Who asks, and may (Forbidden, Unauthorised); None only where the route is public."""
        _, by_cookie = guard.token_of(request, self.address)
        guard.check_origin(request, self.address, by_cookie=by_cookie, form=isinstance(route, Screen))
        scope = await self.scope(request)
        if route.public:
            return scope
        if scope is None:
            raise Unauthorised("Log in to go on")
        guard.check_role(scope, route.roles)
        return scope

    def known(self, request: web.Request) -> Scope | None:
        """Who asks, where that has been found out already."""
        return request.get(SCOPE)

    def reader(self, request: web.Request) -> Reader:
        """Who reads the answer: the user's choice, else what the browser prefers, else the house's default."""
        if (scope := self.known(request)) is not None:
            return Reader(scope.language, scope.time_zone)
        asked = request.cookies.get("language") or request.headers.get(hdrs.ACCEPT_LANGUAGE)
        return Reader(best_language(asked, self.language), self.time_zone)

    def facts(self, request: web.Request) -> RequestFacts:
        """What log-in needs to know."""
        token, _ = guard.token_of(request, self.address)
        agent = request.headers.get(hdrs.USER_AGENT, "")
        return RequestFacts(address=request.remote or "", user_agent=agent[:300], token=token)
