"""Is this process alive, is it ready, how is it doing: for systemd, load balancers and Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from switchroom.answers import to_json

CHECK_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing we need: `ask` says None when it is well, else why not in words.

    Without a `vital` one the process cannot work (503); any other makes it `degraded` (200).
    """

    name: str
    ask: Callable[[], Awaitable[str | None]]
    vital: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found: `reason` None is well."""

    check: Check
    reason: str | None


async def examine(check: Check) -> Found:
    """Ask, for at most two seconds; an error is an answer, too."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return Found(check=check, reason=await check.ask())
    except TimeoutError:
        return Found(check=check, reason="no answer within 2 s")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, this page has to say so
        return Found(check=check, reason=type(error).__name__)


def verdict(found: Sequence[Found]) -> tuple[str, int]:
    """The word and the HTTP status for all of them together."""
    ill = [one for one in found if one.reason is not None]
    if any(one.check.vital for one in ill):
        return "unavailable", 503
    return ("degraded" if ill else "ready"), 200


def _told(found: Sequence[Found], word: str, status: int) -> web.Response:
    parts = {one.check.name: {"ok": one.reason is None, "reason": one.reason} for one in found}
    return web.Response(status=status, body=to_json({"status": word, "checks": parts}), content_type="application/json")


def add(app: web.Application, checks: Sequence[Check]) -> None:
    """Add /healthz, /readyz and /metrics; every process has them, whatever its roles."""

    async def alive(_: web.Request) -> web.Response:
        """Always 200: whoever answers here is not helped by a restart, whatever else is away."""
        found = await asyncio.gather(*(examine(check) for check in checks))
        return _told(found, "degraded" if any(one.reason for one in found) else "alive", 200)

    async def ready(_: web.Request) -> web.Response:
        found = await asyncio.gather(*(examine(check) for check in checks))
        return _told(found, *verdict(found))

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)


def health_site(checks: Sequence[Check]) -> web.Application:
    """The site of a process that has no pages: only how it is doing."""
    app = web.Application(client_max_size=1024)
    add(app, checks)
    return app
