"""Who may open the live feed: what a handshake carries, and from which pages. Pure."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

Pages = Callable[[], Awaitable[tuple[int, str]]]
"""Where the pages are now, their port and public URL: another process may have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a connection shows to be let in: a session's `token` (cookie or header), or a one-use `ticket`."""

    token: str | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A handshake, read: credentials, and what was heard last by who comes back."""

    path: str
    credentials: Credentials
    epoch: str | None
    since: int | None


def read(target: str, headers: Mapping[str, str], cookie: str) -> Wish:
    """Read a handshake's request target and headers; `cookie` is the name of the session's cookie."""
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    since = query.get("since", "")
    return Wish(
        path=parts.path,
        credentials=Credentials(token=_token(headers, cookie), ticket=query.get("ticket")),
        epoch=query.get("epoch"),
        since=int(since) if since.isascii() and since.isdigit() and len(since) < 19 else None,
    )


def _token(headers: Mapping[str, str], cookie: str) -> str | None:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.casefold() == "bearer" and token.strip():
        return token.strip()
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("Cookie", ""))
    except CookieError:
        return None
    return jar[cookie].value if cookie in jar else None


def origin_allowed(origins: Iterable[str], host: str, *, public_url: str, web_port: int) -> bool:
    """Whether the pages that ask are ours: `[web] public_url`, or any name of this host with the web port.

    Programs send no Origin and have no user who could be tricked. `host` is the handshake's Host header.
    """
    own = _authority(f"//{host}")[0]
    public = _origin(public_url) if public_url else None
    for origin in origins:
        scheme, name, port = _origin(origin)
        ours = scheme in ("http", "https") and name == own and name is not None and port == web_port
        if not ours and (scheme, name, port) != public:
            return False
    return True


def _origin(url: str) -> tuple[str, str | None, int | None]:
    scheme = url.partition("://")[0].casefold()
    name, port = _authority(url)
    return scheme, name, port or {"http": 80, "https": 443}.get(scheme)


def _authority(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port
    except ValueError:
        return None, None
