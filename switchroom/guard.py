"""Who may ask, and from where: the cookie, the Origin, the headers that keep a page to itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from domain.problems import Forbidden
from domain.rights import Role, Scope

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE_LIFE = 30 * 24 * 3600
FOREIGN = "This request came from another site; open the page again and repeat what you did"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where this site and its websocket gateway are reached from outside."""

    port: int = 8080
    public_url: str = ""
    live_port: int = 8081
    live_public_url: str = ""

    @property
    def cookie(self) -> str:
        """The session cookie's name; it carries the port, because cookies of one host are shared by its ports."""
        return f"switchroom_{self.port}"

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach us by https only."""
        return self.public_url.startswith("https:")

    def live_url(self, host: str) -> str:
        """The gateway's origin for a page that was asked for at `host` (a Host header)."""
        if self.live_public_url:
            parts = urlsplit(self.live_public_url)
            scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
            return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        name = urlsplit(f"//{host}").hostname or "127.0.0.1"
        return f"{'wss' if self.encrypted else 'ws'}://{f'[{name}]' if ':' in name else name}:{self.live_port}"


def token_of(request: web.Request, address: Address) -> tuple[str | None, bool]:
    """The session's token, and whether it came by cookie (only then can another site have sent it)."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip(), False
    cookie = request.cookies.get(address.cookie)
    return cookie, cookie is not None


def check_origin(request: web.Request, address: Address, *, by_cookie: bool, form: bool = False) -> None:
    """Refuse an unsafe request another site could have made a browser send (Forbidden).

    An Origin that is there must be ours. Where the request is carried by a cookie, or is a posted form, one has
    to be there, or the browser's own word (Sec-Fetch-Site) that it is the same origin.
    """
    if request.method in SAFE:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None:
        trusted = _ours(origin, request.host, address)
    else:
        trusted = site == "same-origin" or (site is None and not by_cookie and not form)
    if not trusted:
        raise Forbidden(FOREIGN)


def _ours(origin: str, host: str, address: Address) -> bool:
    if address.public_url and origin == "{0.scheme}://{0.netloc}".format(urlsplit(address.public_url)):
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def check_role(scope: Scope, roles: frozenset[Role] | None) -> None:
    """Refuse who is logged in but has none of `roles` (Forbidden)."""
    if roles is not None and scope.role not in roles:
        raise Forbidden("Your role does not allow this")


def protect(response: web.StreamResponse, live_url: str) -> None:
    """The headers that keep scripts, frames, types and addresses where they belong."""
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; connect-src 'self' {live_url}; img-src 'self' data:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Server", "Switchroom")


def open_session(response: web.StreamResponse, token: str, address: Address) -> None:
    """Give the browser its session."""
    response.set_cookie(
        address.cookie,
        token,
        max_age=COOKIE_LIFE,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=address.encrypted,
    )


def close_session(response: web.StreamResponse, address: Address) -> None:
    """Take the session away from the browser."""
    response.del_cookie(address.cookie, path="/", httponly=True, samesite="Lax", secure=address.encrypted)
