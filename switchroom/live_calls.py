"""Calls over REST while they live: the stored record with its state and what this user can do now.

The store knows every call and not what can be done with it; the telephony knows only those that live. Here
the answers of both become one: a call that is over is a conflict to act on, not a call nobody knows.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import wraps
from typing import Any

from crm_store.calls import Calls
from domain.problems import Conflict, NotFound, Unavailable
from domain.record import record
from domain.rights import Scope, may_see_call
from domain.routes import Route
from switchroom.elsewhere import Standing, Standings
from telephony.possible import NEEDS

ONE, ACTION = "/calls/{id}", "/calls/{id}/{action}"


def with_life(routes: Iterable[Route], calls: Calls, standing: Standings) -> tuple[Route, ...]:
    """`routes`, those of one call joined with how it stands."""
    joined: list[Route] = []
    for route in routes:
        if (route.method, route.path) == ("GET", ONE):
            joined.append(replace(route, handler=_one(calls, standing)))
        elif (route.method, route.path) == ("POST", ACTION):
            joined.append(replace(route, handler=_action(route, calls)))
        else:
            joined.append(route)
    return tuple(joined)


def _one(calls: Calls, standing: Standings) -> Any:
    async def one(user: Scope, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
        """One call record; `state` and `actions` as they are for this user now."""
        try:
            live = await standing(id, user)
        except Unavailable:  # nobody can say how it stands, and nobody can act on it
            return {**await calls.get(user, id), "actions": []}
        try:
            facts = await calls.get(user, id)
        except NotFound:
            if live is None or not may_see_call(user, live.call):
                raise
            facts = record(live.call)
        if live is None and facts["id"] != id:
            live = await standing(facts["id"], user)
        return {**facts, **_life(live, user)}

    return one


def _life(live: Standing | None, user: Scope) -> dict[str, Any]:
    if live is None or live.call.ended():
        return {"state": "ended", "actions": []}
    party = live.call.party(user.extension) if user.extension else None
    return {"state": party.state if party else live.call.state, "actions": list(live.actions)}


def _action(route: Route, calls: Calls) -> Any:
    @wraps(route.handler)
    async def act(**given: Any) -> Any:
        try:
            return await route.handler(**given)
        except NotFound:
            if given["action"] not in NEEDS:
                raise
            await calls.get(given["user"], given["id"])
            raise Conflict("The call is over") from None

    return act
