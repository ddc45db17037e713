"""Dialling, answering and hanging up: what happens between a first ring and the end of a call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchroom.simulators import queues
from switchroom.simulators.channels import RINGING, UP, Channel
from switchroom.simulators.clock import Timer

if TYPE_CHECKING:
    from switchroom.simulators.switch import Switch

REFUSALS = {"busy": ("BUSY", 17, "486"), "rejected": ("NOANSWER", 21, "603"), "unallocated": ("NOANSWER", 1, "404")}
REFUSALS["congestion"] = ("CONGESTION", 34, "503")


@dataclass(slots=True, eq=False, kw_only=True)
class Dialing:
    """One attempt to reach somebody: a caller (None: the first leg of a click-to-call) and the legs rung.

    `unanswered` is told the DIALSTATUS when nobody answers; `joined` the leg that was answered and bridged,
    or, without a caller, the leg that was answered.
    """

    caller: Channel | None
    targets: list[Channel] = field(default_factory=list)
    waiting: queues.Waiting | None = None
    unanswered: Callable[[str], None]
    joined: Callable[[Channel], None]
    timer: Timer | None = None

    def over(self) -> None:
        """Nobody is rung any more."""
        if self.timer is not None:
            self.timer.cancel()
        for target in self.targets:
            target.dialed_by = None
        self.targets.clear()
        if self.caller is not None:
            self.caller.dialing = None
        if self.waiting is not None:
            self.waiting.dialing = None

    def give_up(self, switch: "Switch") -> None:
        """It rang out."""
        if self.caller is None:
            [leg] = self.targets
            self.over()
            self.unanswered("no_answer")
            switch.close(leg, 19, "480")
            return
        for target in tuple(self.targets):
            if self.waiting is not None:
                rang = round((switch.clock.now - self.waiting.rang) * 1000)
                queues.agent_event(switch, "AgentRingNoAnswer", self.waiting, target, ("RingTime", str(rang)))
            tell(switch, self, "DialEnd", target, ("DialStatus", "NOANSWER"))
            if self.waiting is not None:
                tell(switch, self, "DialEnd", target, ("DialStatus", "CANCEL"))
            switch.close(target, 0)
        self.over()
        self.unanswered("NOANSWER")


def tell(switch: "Switch", dialing: Dialing, name: str, target: Channel, tail: tuple[str, str]) -> None:
    """A Dial event about one leg."""
    caller = dialing.caller.snapshot() if dialing.caller else []
    switch.emit(name, caller, target.snapshot("Dest"), [tail])


def start_dialing(
    switch: "Switch",
    caller: Channel,
    legs: Sequence[tuple[str, str]],
    *,
    seconds: float,
    unanswered: Callable[[str], None],
    waiting: queues.Waiting | None = None,
    joined: Callable[[Channel], None] = lambda _: None,
) -> None:
    """Let the caller ring every one of `legs` (endpoint, dial string) for at most `seconds`."""
    dialing = Dialing(caller=caller, waiting=waiting, unanswered=unanswered, joined=joined)
    strings: dict[str, str] = {}
    for endpoint, string in legs:
        if switch.devices[endpoint].registered:
            target = _open_leg(switch, dialing, caller, endpoint, string)
            strings[target.name] = string
    if not dialing.targets:
        unanswered("CHANUNAVAIL")
        return
    caller.dialing = dialing
    if waiting is not None:
        waiting.dialing = dialing
    _begin(switch, dialing, caller, strings)
    dialing.timer = switch.clock.after(seconds, lambda: _rang_out(switch, dialing))


def _open_leg(switch: "Switch", dialing: Dialing, caller: Channel, endpoint: str, string: str) -> Channel:
    device = switch.devices[endpoint]
    context = "from-internal" if device.extension else "from-trunk"
    number = device.extension or ""
    facts = {"number": number, "caller_name": device.name, "context": context, "exten": "s"}
    target = switch.open_channel(endpoint, beside=caller, **facts)
    target.dialed_by = dialing
    target.application, target.data = ("AppQueue" if dialing.waiting else "AppDial"), "(Outgoing Line)"
    dialing.targets.append(target)
    if not device.extension:
        target.number = target.exten = string.split("@")[0]
        presentation = [("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")]
        switch.emit("NewCallerid", target.snapshot(), presentation)
    elif not dialing.waiting:
        target.exten = caller.exten
    switch.connect_line(target, caller.number, caller.caller_name)
    target.exten = caller.exten
    return target


def _begin(switch: "Switch", dialing: Dialing, caller: Channel, strings: dict[str, str]) -> None:
    for target in dialing.targets:
        if dialing.waiting is not None:
            queues.agent_event(switch, "AgentCalled", dialing.waiting, target)
        tell(switch, dialing, "DialBegin", target, ("DialString", strings[target.name]))
    if len(dialing.targets) == 1:
        switch.connect_line(caller, dialing.targets[0].number, dialing.targets[0].caller_name)
    for target in tuple(dialing.targets):
        if switch.devices[target.endpoint].dnd:
            refuse(switch, target, "busy")
        else:
            ring(switch, dialing, target)


def ring(switch: "Switch", dialing: Dialing, target: Channel) -> None:
    """The leg begins to ring."""
    switch.set_state(target, RINGING)
    tell(switch, dialing, "DialState", target, ("DialStatus", "RINGING"))
    switch.rings(target)


def _rang_out(switch: "Switch", dialing: Dialing) -> None:
    if dialing.targets:
        dialing.give_up(switch)
        switch.settle()


def refuse(switch: "Switch", target: Channel, why: str) -> None:
    """A leg does not want the call: `busy`, `rejected`, `unallocated` or `congestion`."""
    status, cause, tech = REFUSALS[why]
    if (dialing := target.dialed_by) is None:
        return
    switch.emit("HangupRequest", target.snapshot(), [("Cause", str(cause)), ("TechCause", tech)])
    tell(switch, dialing, "DialEnd", target, ("DialStatus", status))
    if dialing.caller is None:
        dialing.over()
        dialing.unanswered(why)
        switch.close(target, cause, tech)
        return
    switch.close(target, cause, tech)
    _drop(dialing, target)
    if not dialing.targets:
        dialing.caller.variables["HANGUPCAUSE"] = str(cause)
        dialing.over()
        dialing.unanswered(status)


def _drop(dialing: Dialing, target: Channel) -> None:
    dialing.targets.remove(target)
    target.dialed_by = None


def answer(switch: "Switch", target: Channel) -> None:
    """The phone (or the party outside) picks up a leg that rings."""
    if (dialing := target.dialed_by) is None:
        return
    switch.set_state(target, UP)
    caller = dialing.caller
    if caller is None:
        tell(switch, dialing, "DialEnd", target, ("DialStatus", "ANSWER"))
        dialing.over()
        switch.answered(target)
        dialing.joined(target)
        return
    others = [other for other in dialing.targets if other is not target]
    if others:
        switch.connect_line(caller, target.number, target.caller_name)
    _withdraw(switch, dialing, others)
    if dialing.waiting is None:
        target.exten = ""
    tell(switch, dialing, "DialEnd", target, ("DialStatus", "ANSWER"))
    connect(switch, dialing, caller, target)


def _withdraw(switch: "Switch", dialing: Dialing, others: Sequence[Channel]) -> None:
    for other in others:
        tell(switch, dialing, "DialEnd", other, ("DialStatus", "CANCEL"))
        switch.close(other, 26)
        _drop(dialing, other)


def connect(switch: "Switch", dialing: Dialing, caller: Channel, target: Channel) -> None:
    """Caller and the leg that answered meet in a bridge."""
    waiting = dialing.waiting
    dialing.over()
    switch.set_state(caller, UP)
    if waiting is not None:
        queues.connected(switch, waiting, target)
    bridge = switch.open_bridge()
    switch.enter(bridge, target)
    switch.enter(bridge, caller)
    switch.answered(target)
    dialing.joined(target)


def hang_up(switch: "Switch", channel: Channel, *, asked: bool = True, cause: int = 16) -> None:
    """A party hangs up, or, not `asked`, the PBX ends the channel without a word (AMI Hangup)."""
    if channel.name not in switch.channels:
        return
    if channel.dialed_by is not None:
        refuse(switch, channel, "rejected")
        return
    early = channel.dialing is not None and channel.state != UP and channel.endpoint == switch.plan.trunk
    if asked:
        tail = [("Cause", "127"), ("TechCause", "487")] if early else [("Cause", str(cause))]
        switch.emit("HangupRequest", channel.snapshot(), tail)
    hang_up_all(switch, channel, 127 if early and asked else cause, "487" if early and asked else "")


def hang_up_all(switch: "Switch", channel: Channel, cause: int, tech: str = "") -> None:
    """End a channel and whoever is left alone by it."""
    if channel.dialing is not None:
        cancel(switch, channel.dialing)
    if channel.waiting is not None:
        queues.abandon(switch, channel.waiting)
    _leave_lot(switch, channel)
    peer = _leave_bridge(switch, channel)
    if channel.pbx:
        _end_plan(switch, channel, tech)
    if channel.pbx and peer is not None:
        switch.close(peer, cause)
    switch.close(channel, cause, tech)
    if peer is not None and peer.name in switch.channels:
        if peer.pbx:
            _end_plan(switch, peer, "")
        switch.close(peer, cause)
    for gone in (channel, peer):
        if gone is not None and gone.twin is not None and gone.twin.name in switch.channels:
            hang_up_all(switch, gone.twin, cause)


def _end_plan(switch: "Switch", channel: Channel, tech: str) -> None:
    tail = [("Cause", "16")]
    switch.emit("SoftHangupRequest", channel.snapshot(), [*tail, ("TechCause", tech)] if tech else tail)
    if channel.context == "from-trunk":
        channel.exten, channel.priority = "h", 2


def cancel(switch: "Switch", dialing: Dialing) -> None:
    """The caller gave up: nobody rings any more."""
    for target in tuple(dialing.targets):
        tell(switch, dialing, "DialEnd", target, ("DialStatus", "CANCEL"))
        switch.close(target, 0 if dialing.waiting else 127, "" if dialing.waiting else "500")
    dialing.over()


def _leave_lot(switch: "Switch", channel: Channel) -> None:
    for space, parked in tuple(switch.parked.items()):
        if parked is channel:
            del switch.parked[space]


def _leave_bridge(switch: "Switch", channel: Channel) -> Channel | None:
    if (bridge := channel.bridge) is None:
        return None
    peer = bridge.peer(channel) if bridge.kind == "basic" else None
    queues.end_service(switch, channel, peer)
    release(switch, channel)
    switch.leave(channel)
    if bridge.kind != "basic" or len(bridge.members) > 1:
        return None
    if peer is not None:
        switch.leave(peer)
    switch.close_bridge(bridge)
    if peer is not None and peer.consulting is not None:
        switch.goes_back(peer)
        return None
    return peer


def release(switch: "Switch", channel: Channel) -> None:
    """Whoever hears music because of `channel` hears it no longer."""
    peer = channel.bridge.peer(channel) if channel.bridge else None
    for held in (channel, peer):
        if held is not None and held.held:
            held.held = False
            switch.emit("MusicOnHoldStop", held.snapshot())
            switch.touch(held)
    channel.holding = False
