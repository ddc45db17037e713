"""How a room says what it answers over HTTP: a table of routes that the web frame turns into a site.

A handler is `async def name(self, user: Scope, …) -> result`. The frame fills its parameters by name:

* `user`: who asks (Scope); a route with `public=True` has none;
* `query`, `body`: a pydantic model or frozen dataclass read from the query string, the JSON body;
* `version`: the number in `If-Match` (int or None), where the handler takes it;
* `request`: the `RequestFacts` of the call (address, agent, token), for log-in only;
* any other name: a part of the path (`/clients/{id}` → `id: str`).

It returns a dataclass, a pydantic model, a dict or None (204), and raises `domain.problems`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.rights import Role

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of the API, path below `/api/v1`; `summary` is its line in the OpenAPI description."""

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    summary: str
    roles: frozenset[Role] | None = None
    public: bool = False
    status: int = 200
    once: bool = False
    """Takes an `Idempotency-Key`: it dials, sends or charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `next` is the opaque cursor of the one after, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What log-in needs to know of a request."""

    address: str
    user_agent: str
    token: str | None = None
