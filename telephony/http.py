"""Live telephony over REST: click to call, what can be done with a call, presence, queues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from domain.presence import Presence, Queue
from domain.problems import NotFound
from domain.record import instant, record
from domain.rights import Scope, may_see_peer
from domain.routes import Route
from telephony.possible import NEEDS
from telephony.service import Telephony

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """Whom to call: a number as people type it, or an extension."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What an action needs: `transfer` takes `to` and `kind`, `dtmf` takes `digits`, `record` takes `on`."""

    to: str | None = None
    kind: Literal["blind", "attended"] | None = None
    digits: str | None = None
    on: bool | None = None


def routes(
    telephony: Telephony,
    *,
    presence: Callable[[Scope], Sequence[View]] | None = None,
    queues: Callable[[], Sequence[View]] | None = None,
) -> tuple[Route, ...]:
    """`/calls` (POST), `/calls/{id}/{action}`, `/presence`, `/queues`.

    `presence(scope)` and `queues()` give the views that the live feed tells (joined with the users' states);
    without them only the phones' own states are told.
    """

    async def dial(user: Scope, body: Dialling) -> View:
        call = await telephony.originate(user, body.to)
        return {**record(call), "state": call.state, "actions": list(telephony.actions(call, user))}

    async def act(user: Scope, id: str, action: str, body: Doing) -> View:  # noqa: A002 - the path's own name
        if action not in NEEDS:
            raise NotFound("There is no such action")
        await telephony.act(user, id, action, to=body.to, kind=body.kind, digits=body.digits, on=body.on)
        call = telephony.call(id)
        return {"id": id, "actions": list(telephony.actions(call, user)) if call else []}

    async def get_presence(user: Scope) -> View:
        views = presence(user) if presence else [_phone(phone, user) for phone in telephony.presence()]
        return {"items": list(views), "next": None}

    async def get_queues(user: Scope) -> View:
        views = queues() if queues else [_queue(queue) for queue in telephony.queues()]
        return {"items": list(views), "next": None}

    return (
        Route(method="POST", path="/calls", handler=dial, summary="Click to call", status=202, once=True),
        Route(
            method="POST",
            path="/calls/{id}/{action}",
            handler=act,
            summary="Do something with a live call: what its `actions` list",
        ),
        Route(method="GET", path="/presence", handler=get_presence, summary="What every phone is doing"),
        Route(method="GET", path="/queues", handler=get_queues, summary="What every queue is doing"),
    )


def _phone(phone: Presence, scope: Scope) -> View:
    seen = phone if may_see_peer(scope, phone.extension) else replace(phone, peer=None)
    return {
        "pbx": seen.pbx,
        "extension": seen.extension,
        "state": seen.state,
        "since": instant(seen.since),
        "peer": seen.peer,
        "user": None,
        "user_state": None,
        "reason": None,
    }


def _queue(queue: Queue) -> View:
    since = queue.longest_since
    return {
        "pbx": queue.pbx,
        "queue": queue.name,
        "waiting": queue.waiting,
        "longest_wait": round((datetime.now(UTC) - since).total_seconds(), 1) if since else 0.0,
        "service_level": queue.service_level,
        "members": [
            {"extension": member.extension, "name": member.name, "paused": member.paused, "reason": member.reason}
            for member in queue.members
        ],
    }
