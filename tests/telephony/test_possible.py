"""What a user can do with a call now: the screen's keys and the API's refusals come from one table."""

from dataclasses import replace
from typing import get_args

import pytest

from domain.calls import Call, CallState, Parking, Party, call_id
from domain.rights import Role, Scope
from telephony.possible import NEEDS, Ground, possible, why_not

ANNA = Scope(user_id="1", login="anna", name="Anna", role="agent", extension="101")
VERA = Scope(user_id="2", login="vera", name="Vera", role="supervisor", extension="103")
NOBODY = Scope(user_id="3", login="x", name="X", role="admin")


def call(state: CallState, *parties: tuple[str, CallState]) -> Call:
    return Call(
        id=call_id("main", "1.1"),
        pbx="main",
        linkedid="1.1",
        direction="inbound",
        state=state,
        parties=tuple(Party(extension=extension, state=seen) for extension, seen in parties),
    )


RINGING = call("ringing", ("101", "ringing"))
TALKING = call("talking", ("101", "talking"))
PARKED = call("parked", ("101", "parked"))
BY_ANNA = Parking(by="101", at=None)


@pytest.mark.parametrize(
    ("one", "scope", "ground", "actions"),
    [
        (RINGING, ANNA, Ground(), "answer transfer hangup"),
        (TALKING, ANNA, Ground(), "hold mute transfer park dtmf hangup record"),
        (TALKING, ANNA, Ground(muted=True), "hold unmute transfer park dtmf hangup record"),
        (TALKING, ANNA, Ground(consulting=True), "hold mute complete cancel conference park dtmf hangup record"),
        (call("held", ("101", "held")), ANNA, Ground(), "resume mute transfer hangup record"),
        (call("parked"), ANNA, Ground(), "unpark"),
        (call("parked", ("101", "talking")), ANNA, Ground(), "unpark hangup"),
        (replace(PARKED, parked=(BY_ANNA,)), ANNA, Ground(), "unpark"),
        (PARKED, ANNA, Ground(), ""),
        (call("ended"), ANNA, Ground(), ""),
        (TALKING, NOBODY, Ground(), ""),
        (TALKING, ANNA, Ground(up=False), ""),
        (TALKING, VERA, Ground(), "spy whisper barge"),
        (RINGING, VERA, Ground(), "pickup"),
        (TALKING, ANNA, Ground(commands=frozenset({"Hangup", "Redirect"})), "transfer hangup"),
    ],
)
def test_what_works_now(one: Call, scope: Scope, ground: Ground, actions: str) -> None:
    assert " ".join(possible(one, scope, ground)) == actions


def test_only_who_watches_lines_listens_in() -> None:
    for role in get_args(Role):
        scope = replace(VERA, role=role)
        assert ("spy" in possible(TALKING, scope, Ground())) == (role in ("supervisor", "admin"))


@pytest.mark.parametrize("state", get_args(CallState))
def test_every_refusal_has_a_reason_and_nothing_refused_is_offered(state: CallState) -> None:
    one = call(state, ("101", state), ("102", "ringing"))
    for scope in (ANNA, VERA, NOBODY):
        for ground in (Ground(), Ground(up=False), Ground(commands=frozenset()), Ground(consulting=True)):
            offered = possible(one, scope, ground)
            for action in NEEDS:
                assert (why_not(action, one, scope, ground) is None) == (action in offered)
