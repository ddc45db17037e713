"""The pages of the desk: templates that the browser fills from REST and the live feed."""

from domain.rights import Role, Scope
from domain.routes import Screen

WATCHERS: frozenset[Role] = frozenset({"supervisor", "admin"})


async def _page(user: Scope) -> dict[str, object]:
    """Nothing but the frame: everything on these pages comes by REST and the feed, under the user's own rights."""
    return {}


def screens() -> tuple[Screen, ...]:
    """Every page of this room: the desk, lines, and why no card came up.

    Calls and clients are lists and records that work without scripts: switchroom.call_pages, .client_pages.
    """
    return (
        Screen(path="/", template="desk.html", handler=_page),
        Screen(path="/lines", template="lines.html", handler=_page, roles=WATCHERS),
        Screen(path="/pops", template="pops.html", handler=_page),
    )
