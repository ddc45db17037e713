"""Click to call: the agent's phone first, then whatever it was asked to reach."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from switchroom.simulators.channels import RINGING, Channel, Headers
from switchroom.simulators.dialing import Dialing, hang_up_all, refuse, tell
from switchroom.simulators.switch import Switch
from switchroom.simulators.transfers import pick_up, retrieve, take_over

NO_ANSWER, BUSY, ANSWERED, CONGESTED, FAILED = 3, 5, 4, 8, 0
REASONS = {"no_answer": NO_ANSWER, "busy": BUSY, "congestion": CONGESTED}

_CALLER_ID = re.compile(r'\s*(?:"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>|(?P<bare>[^<]*))\s*')
Done = Callable[[Channel | None, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an Originate asks for; `application` empty: the dialplan at `exten`.

    Unless it is the asker who `waits` for the answer, an OriginateResponse with `action_id` tells it.
    """

    endpoint: str
    context: str
    exten: str = ""
    application: str = ""
    data: str = ""
    number: str = ""
    name: str = ""
    seconds: float = 30.0
    uniqueid: str = ""
    action_id: str = ""
    waits: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def originate(switch: Switch, order: Order, done: Done = lambda _leg, _reason: None) -> None:
    """Ring the phone; `done` is told its channel and AMI's reason, once, then the call goes on."""

    def told(leg: Channel | None, reason: int) -> None:
        if not order.waits:
            switch.emit("OriginateResponse", response_headers(order, leg, reason))
        done(leg, reason)

    _originate(switch, order, told)
    switch.settle()


def _originate(switch: Switch, order: Order, done: Done) -> None:
    device = switch.devices.get(order.endpoint)
    if device is None or not device.registered:
        done(None, FAILED)
        return
    channel = switch.open_channel(
        order.endpoint,
        uniqueid=order.uniqueid,
        number=device.extension or "",
        caller_name=device.name,
        context="from-internal",
        exten="s",
    )
    channel.variables.update(order.variables)
    channel.application, channel.data = "AppDial2", "(Outgoing Line)"
    if order.number:
        channel.number, channel.caller_name = order.number, order.name
        presentation = [("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")]
        switch.emit("NewCallerid", channel.snapshot(), presentation)
        switch.connect_line(channel, order.number, order.name)
    _ring(switch, order, channel, done)


def _ring(switch: Switch, order: Order, channel: Channel, done: Done) -> None:
    def picked_up(answered: Channel) -> None:
        done(answered, ANSWERED)
        answered.exten, answered.context = order.exten or "s", order.context
        if order.application:
            _run_application(switch, answered, order)
        else:
            switch.run(answered)

    def refused(why: str) -> None:
        done(None, REASONS.get(why, FAILED))

    dialing = Dialing(caller=None, targets=[channel], unanswered=refused, joined=picked_up)
    channel.dialed_by = dialing
    if switch.devices[order.endpoint].dnd:
        tell(switch, dialing, "DialBegin", channel, ("DialString", order.endpoint.partition("/")[2]))
        refuse(switch, channel, "busy")
        return
    switch.set_state(channel, RINGING)
    tell(switch, dialing, "DialBegin", channel, ("DialString", order.endpoint.partition("/")[2]))
    tell(switch, dialing, "DialState", channel, ("DialStatus", "RINGING"))
    dialing.timer = switch.clock.after(order.seconds, lambda: _too_late(switch, dialing))
    switch.rings(channel)


def _run_application(switch: Switch, channel: Channel, order: Order) -> None:
    """The applications that are understood; any other keeps the channel up until somebody hangs up."""
    channel.application, channel.data = order.application, order.data
    name = order.data.partition(",")[0]
    if order.application == "PickupChan":
        take_over(switch, channel, switch.channels.get(name))
    elif order.application == "Pickup":
        pick_up(switch, channel, name.partition("@")[0] or None)
    elif order.application == "ParkedCall":
        _from_lot(switch, channel, order.data.partition(",")[2])
    elif order.application == "ChanSpy":
        _spy(switch, channel, switch.channels.get(name))
    switch.settle()


def _from_lot(switch: Switch, channel: Channel, space: str) -> None:
    if space.isdigit() and int(space) in switch.parked:
        retrieve(switch, channel, int(space))
    else:
        hang_up_all(switch, channel, 16)


def _spy(switch: Switch, spyer: Channel, spied: Channel | None) -> None:
    if spied is None:
        hang_up_all(switch, spyer, 16)
        return
    switch.emit("ChanSpyStart", spyer.snapshot("Spyer"), spied.snapshot("Spyee"))

    def over() -> None:
        if spyer.name in switch.channels:
            switch.emit("ChanSpyStop", spyer.snapshot("Spyer"), spied.snapshot("Spyee"))
            hang_up_all(switch, spyer, 16)

    switch.at_close[spied.name] = over


def _too_late(switch: Switch, dialing: Dialing) -> None:
    if dialing.targets:
        dialing.give_up(switch)
        switch.settle()


def caller_id(text: str) -> tuple[str, str]:
    """Number and name out of `"name" <number>`."""
    match = _CALLER_ID.fullmatch(text)
    if match is None:
        return "", ""
    return match["number"] or match["bare"] or "", match["name"] or ""


def response_headers(order: Order, channel: Channel | None, reason: int) -> Headers:
    """The OriginateResponse that follows, its action's id first as Asterisk writes it."""
    return [
        *([("ActionID", order.action_id)] if order.action_id else []),
        ("Response", "Success" if channel else "Failure"),
        ("Channel", channel.name if channel else order.endpoint),
        ("Context", order.context),
        ("Exten", order.exten),
        ("Reason", str(reason)),
        ("Uniqueid", channel.uniqueid if channel else "<null>"),
        ("CallerIDNum", order.number or "<unknown>"),
        ("CallerIDName", order.name or "<unknown>"),
        *([(f"ChanVariable({channel.name})", f"{name}=") for name in channel.shown] if channel else []),
    ]
