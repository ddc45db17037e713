"""The dialplan of the simulated PBX: where a number leads."""

from collections.abc import Callable

from switchroom.simulators import queueing
from switchroom.simulators.channels import UP, Channel
from switchroom.simulators.dialing import hang_up_all, start_dialing
from switchroom.simulators.switch import Switch
from switchroom.simulators.transfers import pick_up, retrieve

CAUSE_OF = {"BUSY": 17, "NOANSWER": 19, "CHANUNAVAIL": 20, "CONGESTION": 34}
VOICEMAIL_SECONDS = 8.0
MENU_SECONDS = 3.0


def run(switch: Switch, channel: Channel) -> None:
    """Let `channel` go on in the dialplan at the extension it stands on."""
    channel.pbx = True
    exten = channel.exten
    switch.noise.entered_plan(channel)
    if channel.context == "from-trunk" and exten in switch.plan.dids:
        _to_destination(switch, channel, switch.plan.dids[exten])
    else:
        _internal(switch, channel, exten)
    switch.settle()


def _to_destination(switch: Switch, channel: Channel, destination: str) -> None:
    if destination in switch.queues:
        _queue(switch, channel, destination)
    elif destination in switch.plan.menus:
        _menu(switch, channel, switch.plan.menus[destination])
    else:
        _internal(switch, channel, destination)


def _internal(switch: Switch, channel: Channel, exten: str) -> None:
    plan = switch.plan
    if exten in plan.extensions:
        dial_phones(switch, channel, (exten,), exten)
    elif exten in plan.ring_groups:
        dial_phones(switch, channel, plan.ring_groups[exten], None)
    elif exten in switch.queues:
        _queue(switch, channel, exten)
    elif exten.startswith("**"):
        pick_up(switch, channel, exten[2:])
    elif exten == "*8":
        pick_up(switch, channel, None)
    elif exten.isdigit() and int(exten) in switch.parked:
        retrieve(switch, channel, int(exten))
    elif _is_outside(exten):
        _dial_out(switch, channel, exten)
    else:
        hang_up_all(switch, channel, 1)


def _is_outside(exten: str) -> bool:
    digits = exten.removeprefix("+")
    return digits.isdigit() and len(digits) >= 5


def dial_phones(
    switch: Switch,
    channel: Channel,
    extensions: tuple[str, ...],
    mailbox: str | None,
    joined: Callable[[Channel], None] = lambda _: None,
) -> None:
    """Ring phones; what happens when nobody answers is the mailbox's business, if there is one."""
    channel.application, channel.priority = "Dial", 4
    channel.data = "&".join(f"PJSIP/{extension}" for extension in extensions) + ",30,tTkK"

    def unanswered(status: str) -> None:
        if mailbox in switch.plan.voicemail and status != "CONGESTION":
            _voicemail(switch, channel, mailbox or "")
        else:
            _give_up(switch, channel, status)

    legs = [(f"PJSIP/{extension}", extension) for extension in extensions]
    start_dialing(switch, channel, legs, seconds=switch.plan.ring_seconds, unanswered=unanswered, joined=joined)


def _give_up(switch: Switch, channel: Channel, status: str) -> None:
    cause = int(channel.variables.pop("HANGUPCAUSE", "0")) or CAUSE_OF[status]
    hang_up_all(switch, channel, cause)
    switch.settle()


def _dial_out(switch: Switch, channel: Channel, number: str) -> None:
    channel.application, channel.priority = "Dial", 3
    trunk = switch.plan.trunk
    technology, _, name = trunk.partition("/")
    channel.data = f"{technology}/{number}@{name},60"
    if switch.devices[trunk].registered:
        channel.number = switch.plan.outside_number
        presentation = [("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")]
        switch.emit("NewCallerid", channel.snapshot(), presentation)
    start_dialing(
        switch,
        channel,
        [(trunk, f"{number}@{name}")],
        seconds=60.0,
        unanswered=lambda status: _give_up(switch, channel, status),
    )


def _queue(switch: Switch, channel: Channel, name: str) -> None:
    channel.application, channel.data, channel.priority = "Queue", f"{name},t,,,120", 4
    switch.set_state(channel, UP)
    queueing.join(switch, switch.queues[name], channel)


def _menu(switch: Switch, channel: Channel, destination: str) -> None:
    channel.application, channel.data = "BackGround", "greeting"
    switch.set_state(channel, UP)

    def chosen() -> None:
        if channel.name not in switch.channels:
            return
        press(switch, channel, "1")
        _to_destination(switch, channel, destination)
        switch.settle()

    switch.clock.after(MENU_SECONDS, chosen)


def press(switch: Switch, channel: Channel, digit: str, direction: str = "Received") -> None:
    """A digit is typed on `channel`."""
    facts = [("Digit", digit), ("Direction", direction)]
    switch.emit("DTMFBegin", channel.snapshot(), facts, privilege="dtmf,all")
    ended = [("Digit", digit), ("DurationMs", "100"), ("Direction", direction)]
    switch.emit("DTMFEnd", channel.snapshot(), ended, privilege="dtmf,all")


def _voicemail(switch: Switch, channel: Channel, mailbox: str) -> None:
    channel.application, channel.data = "VoiceMail", f"{mailbox}@default,u"
    switch.set_state(channel, UP)

    def spoken() -> None:
        if channel.name not in switch.channels:
            return
        facts = [("Mailbox", f"{mailbox}@default"), ("Waiting", "1"), ("New", "1"), ("Old", "0")]
        switch.emit("MessageWaiting", channel.snapshot(), facts)
        hang_up_all(switch, channel, 16)
        switch.settle()

    switch.clock.after(VOICEMAIL_SECONDS, spoken)
