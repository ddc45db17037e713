"""What a user can do with a live call right now, and why not with the rest. Pure.

One table answers both questions, so that a key on the screen and the answer of the API never differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from domain.calls import Call, CallState
from domain.rights import SEES_PEERS, Scope
from telephony.wording import N_

Recorded = Literal["no", "on", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the record does not tell: the link, and what we did to this user's channel.

    `commands`: the AMI actions this PBX lets us use; None: it does not say, try.
    """

    up: bool = True
    commands: frozenset[str] | None = None
    consulting: bool = False
    muted: bool = False
    recorded: Recorded = "no"


Seen = CallState | None
Rule = Callable[[Call, Scope, Ground, Seen], str | None]

NOTIFY = frozenset({"PJSIPNotify", "SIPnotify"})
NEEDS: dict[str, frozenset[str]] = {
    "answer": NOTIFY,
    "hold": NOTIFY,
    "resume": NOTIFY,
    "mute": frozenset({"MuteAudio"}),
    "unmute": frozenset({"MuteAudio"}),
    "transfer": frozenset({"Redirect", "Atxfer"}),
    "complete": frozenset({"Hangup"}),
    "cancel": frozenset({"CancelAtxfer"}),
    "conference": frozenset({"PlayDTMF"}),
    "park": frozenset({"Park"}),
    "unpark": frozenset({"Originate"}),
    "pickup": frozenset({"Originate"}),
    "dtmf": frozenset({"PlayDTMF"}),
    "hangup": frozenset({"Hangup"}),
    "spy": frozenset({"Originate"}),
    "whisper": frozenset({"Originate"}),
    "barge": frozenset({"Originate"}),
    "record": frozenset({"MixMonitor", "MixMonitorMute"}),
}
"""Every action of the contract, in its order, and the AMI actions of which one must be allowed."""


def why_not(action: str, call: Call, scope: Scope, ground: Ground) -> str | None:
    """Why `scope` cannot do `action` with `call` now, in words; None: it works."""
    if not ground.up:
        return N_("The PBX is not connected")
    if call.ended():
        return N_("The call is over")
    if scope.extension is None:
        return N_("You have no phone of your own")
    if ground.commands is not None and not NEEDS[action] & ground.commands:
        return N_("The PBX does not let us do this: the administrator can see why with `switchroom doctor`")
    return _by_the_call(action, call, scope, ground, _seen(call, scope.extension))


def possible(call: Call, scope: Scope, ground: Ground) -> tuple[str, ...]:
    """What `scope` can do with `call` now, in the contract's order."""
    if not ground.up or call.ended() or scope.extension is None:
        return ()
    mine, commands = _seen(call, scope.extension), ground.commands
    return tuple(
        action
        for action, needs in NEEDS.items()
        if (commands is None or needs & commands) and _by_the_call(action, call, scope, ground, mine) is None
    )


def _by_the_call(action: str, call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    if call.state == "parked" and action not in WHILE_PARKED:
        return N_("The call is parked")
    return _RULES[action](call, scope, ground, mine)


def _seen(call: Call, extension: str) -> Seen:
    party = call.party(extension)
    return party.state if party else None


def _while_mine_is(states: frozenset[CallState], otherwise: str) -> Rule:
    def rule(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
        return None if mine in states else otherwise

    return rule


TALKING: frozenset[CallState] = frozenset({"talking"})
WHILE_PARKED = frozenset({"unpark", "pickup", "hangup"})
"""Who parked a call is told the space by the PBX: his phone is still up, yet nobody is at the other side."""

IN_IT: frozenset[CallState] = frozenset({"talking", "held"})
ANY: frozenset[CallState] = frozenset({"talking", "held", "ringing", "dialing", "waiting"})
_talking = _while_mine_is(TALKING, N_("You are not talking in this call"))
_in_it = _while_mine_is(IN_IT, N_("You are not talking in this call"))


def _muting(*, on: bool) -> Rule:
    def rule(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
        if ground.muted == on:
            return N_("You are muted already") if on else N_("You are not muted")
        return _in_it(call, scope, ground, mine)

    return rule


def _transfer(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    if ground.consulting:
        return N_("You are asking somebody already: complete or cancel that first")
    return None if mine in IN_IT or mine == "ringing" else N_("You are not talking in this call")


def _consulting(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    return None if ground.consulting else N_("You have not begun a transfer with a question first")


def _unpark(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    if call.state != "parked":
        return N_("The call is not parked")
    by = call.parked[-1].by if call.parked else None
    return N_("The call is parked") if mine == "parked" and by != scope.extension else None


def _pickup(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    if mine is not None:
        return N_("You are in this call yourself")
    rings = any(party.state == "ringing" for party in call.parties)
    return None if rings else N_("It does not ring at anybody's phone")


def _listen_in(call: Call, scope: Scope, ground: Ground, mine: Seen) -> str | None:
    if scope.role not in SEES_PEERS:
        return N_("Only a supervisor can do this")
    if mine is not None:
        return N_("You are in this call yourself")
    talk = any(party.state in IN_IT for party in call.parties)
    return None if talk else N_("Nobody of ours is talking in this call")


_RULES: dict[str, Rule] = {
    "answer": _while_mine_is(frozenset({"ringing"}), N_("It does not ring at your phone")),
    "hold": _talking,
    "resume": _while_mine_is(frozenset({"held"}), N_("You have not put it on hold")),
    "mute": _muting(on=True),
    "unmute": _muting(on=False),
    "transfer": _transfer,
    "complete": _consulting,
    "cancel": _consulting,
    "conference": _consulting,
    "park": _talking,
    "unpark": _unpark,
    "pickup": _pickup,
    "dtmf": _while_mine_is(frozenset({"talking", "dialing"}), N_("You are not talking in this call")),
    "hangup": _while_mine_is(ANY, N_("You are not in this call")),
    "spy": _listen_in,
    "whisper": _listen_in,
    "barge": _listen_in,
    "record": _in_it,
}
