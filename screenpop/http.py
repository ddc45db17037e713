"""The screens' part of the API: the user's own state, and why a card did not pop."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from domain.presence import UserState, WorkState
from domain.record import instant
from domain.rights import Scope
from domain.routes import Route
from screenpop.service import Screenpop


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChoice:
    """What the user is now; `wrapup` makes the running wrap-up longer, once."""

    state: Literal["ready", "paused", "wrapup", "offline"]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnState:
    """The user's own state. `until`: when a wrap-up ends by itself; `extendable`: it can be made longer."""

    state: WorkState
    reason: str | None
    since: str | None
    until: str | None
    extendable: bool
    server_time: str | None


def routes(screenpop: Screenpop) -> tuple[Route, ...]:
    """`/agents/me/state` and `/pops`."""

    def own(state: UserState) -> OwnState:
        return OwnState(
            state=state.state,
            reason=state.reason,
            since=instant(state.since),
            until=instant(state.until),
            extendable=screenpop.states.extendable(state.user_id),
            server_time=instant(datetime.now(UTC)),
        )

    async def get_state(user: Scope) -> OwnState:
        return own(screenpop.state_of(user))

    async def put_state(user: Scope, body: StateChoice) -> OwnState:
        return own(screenpop.choose(user, body.state, body.reason))

    async def get_pops(user: Scope) -> dict[str, Any]:
        return {"items": screenpop.pops.of(user), "next": None}

    return (
        Route(method="GET", path="/agents/me/state", handler=get_state, summary="The user's own state"),
        Route(method="PUT", path="/agents/me/state", handler=put_state, summary="Become ready, paused, offline"),
        Route(method="GET", path="/pops", handler=get_pops, summary="Why no pop? The user's last 50 calls"),
    )
