"""How a room says what it answers over HTTP: a table of routes that the web frame turns into a site.

A handler is `async def name(self, user: Scope, …) -> result`. The frame fills its parameters by name:

* `user`: who asks (Scope); a route with `public=True` has none;
* `query`, `body`: a pydantic model or frozen dataclass read from the query string, the JSON body;
* `version`: the number in `If-Match` (int or None), where the handler takes it;
* `request`: the `RequestFacts` of the call (address, agent, token), for log-in only;
* any other name: a part of the path (`/clients/{id}` → `id: str`).

It returns a dataclass, a pydantic model, a dict or None (204), and raises `domain.problems`. Where the result
has a `version`, the frame sends it as `ETag`. A `body` or `query` field nobody declared is refused (422).

A page for people is a `Screen`: the handler gets the same parameters (`body` is the posted form, `form` the
raw one as `dict[str, str]`) and returns the template's values, or a `SeeOther` to go elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

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
    session: Literal["open", "close"] | None = None
    """`open`: the result's `token` becomes the cookie; `close`: the cookie is taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One page for people, path from the root: `template` rendered with what `handler` returns (a dict).

    The template also sees `user`, `here` (the path), `language`, `_`, `ngettext`, `live_url` and the filters of
    `switchroom.pages`. A value `problem` (a `domain.problems.Problem`) gives the page that problem's status.
    """

    method: str = "GET"
    path: str
    template: str
    handler: Callable[..., Awaitable[Any]]
    roles: frozenset[Role] | None = None
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeOther:
    """The answer of a form that was accepted: where the browser goes next (303).

    `token` opens a session (the cookie is set), `close` ends it (the cookie is taken away); `remember` are
    harmless choices kept in cookies of their own (theme, language).
    """

    to: str
    remember: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    close: bool = False


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
