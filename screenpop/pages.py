"""The pages of the desk: templates that the browser fills from REST and the live feed."""

from domain.rights import Scope
from domain.routes import Screen

WATCHERS = frozenset({"supervisor", "admin"})


async def _page(user: Scope) -> dict[str, object]:
    """Nothing but the frame: everything on these pages comes by REST and the feed, under the user's own rights."""
    return {}


async def _client(user: Scope, id: str) -> dict[str, object]:  # noqa: A002 - the path's own name
    return {"client_id": id}


def screens() -> tuple[Screen, ...]:
    """Every page of this room: the desk, lines, calls, clients, and why no card came up."""
    return (
        Screen(path="/", template="desk.html", handler=_page),
        Screen(path="/lines", template="lines.html", handler=_page, roles=WATCHERS),
        Screen(path="/calls", template="calls.html", handler=_page),
        Screen(path="/clients", template="clients.html", handler=_page),
        Screen(path="/clients/{id}", template="client.html", handler=_client),
        Screen(path="/pops", template="pops.html", handler=_page),
    )
