"""Who may see and do what: one table for the live feed, REST and the database's policies."""

from dataclasses import dataclass
from typing import Literal

from domain.calls import Call

Role = Literal["agent", "telemarketer", "marketer", "supervisor", "admin"]
Reach = Literal["own", "team", "all"]
ROLES: tuple[Role, ...] = ("agent", "telemarketer", "marketer", "supervisor", "admin")

CLIENTS: dict[Role, Reach] = {
    "agent": "team",
    "telemarketer": "own",
    "marketer": "all",
    "supervisor": "all",
    "admin": "all",
}
CALLS: dict[Role, Reach] = {
    "agent": "own",
    "telemarketer": "own",
    "marketer": "own",
    "supervisor": "all",
    "admin": "all",
}
SEES_PEERS: frozenset[Role] = frozenset({"supervisor", "admin"})
MANAGES_USERS: frozenset[Role] = frozenset({"admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one user may see: made once a session by `crm_store.users`, passed to everything that answers him."""

    user_id: str
    login: str
    name: str
    role: Role
    extension: str | None = None
    team: str | None = None
    language: str = "ru"
    time_zone: str = "Europe/Moscow"


def may_see_client(scope: Scope, *, responsible: str | None, team: str | None) -> bool:
    """Whether `scope` may open the card of a client of that responsible user and team (ids).

    A client nobody is responsible for and no team owns is everybody's.
    """
    if responsible is None and team is None:
        return True
    match CLIENTS[scope.role]:
        case "all":
            return True
        case "team":
            return responsible == scope.user_id or (team is not None and team == scope.team)
        case "own":
            return responsible == scope.user_id


def may_see_call(scope: Scope, call: Call) -> bool:
    """Whether `scope` may see the record of `call`: his own, or all of them for who watches lines."""
    return CALLS[scope.role] == "all" or (scope.extension is not None and call.took_part(scope.extension))


def may_see_peer(scope: Scope, extension: str) -> bool:
    """Whether `scope` may see with whom `extension` talks."""
    return scope.role in SEES_PEERS or extension == scope.extension
