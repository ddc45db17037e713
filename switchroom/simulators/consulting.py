"""Attended transfer by the PBX itself (AMI Atxfer or a feature code): who is asked is called through a Local
channel, and the transfer happens when the transferer hangs up, also while it still rings.
"""

from switchroom.simulators import dialing
from switchroom.simulators.channels import RING, RINGING, UP, Bridge, Channel
from switchroom.simulators.dialing import cancel, hang_up_all
from switchroom.simulators.queues import end_service
from switchroom.simulators.switch import Switch
from switchroom.simulators.transfers import attended_headers, music


def begin(switch: Switch, transferer: Channel, exten: str, context: str) -> bool:
    """The transferer's party hears music while he is connected to `exten`; False where he has no party."""
    bridge = transferer.bridge
    party = bridge.peer(transferer) if bridge else None
    if bridge is None or party is None or transferer.consulting is not None:
        return False
    switch.emit("Hold", transferer.snapshot(), [("MusicClass", "default")])
    music(switch, transferer)
    transferer.consulting = party
    one, two = _local_pair(switch, transferer, exten, context)
    room = switch.open_bridge()
    switch.enter(room, one)
    switch.leave(transferer)
    switch.enter(room, transferer)
    switch.run(two)
    if two.dialing is not None:
        switch.set_state(one, RINGING)
        switch.emit("DialState", one.snapshot("Dest"), [("DialStatus", "RINGING")])
        two.dialing.joined = lambda _: _reached(switch, one)
    switch.settle()
    return True


def _local_pair(switch: Switch, transferer: Channel, exten: str, context: str) -> tuple[Channel, Channel]:
    endpoint = f"Local/{exten}@{context}"
    name = f"{endpoint}-{next(switch.local_serial):08x}"
    facts = {"context": context, "exten": exten}
    one = switch.open_channel(endpoint, beside=transferer, name=f"{name};1", **facts)
    two = switch.open_channel(endpoint, beside=transferer, name=f"{name};2", state=RING, **facts)
    two.number, two.caller_name = transferer.number, transferer.caller_name
    switch.emit("NewCallerid", two.snapshot(), [("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")])
    one.twin, two.twin = two, one
    place = [("Context", context), ("Exten", exten), ("LocalOptimization", "Yes")]
    switch.emit("LocalBridge", one.snapshot("LocalOne"), two.snapshot("LocalTwo"), place)
    switch.connect_line(one, transferer.number, transferer.caller_name)
    return one, two


def _reached(switch: Switch, one: Channel) -> None:
    switch.set_state(one, UP)
    switch.emit("DialEnd", one.snapshot("Dest"), [("DialStatus", "ANSWER")])


def complete(switch: Switch, transferer: Channel) -> bool:
    """The transferer is out of it: whoever he asked goes to his party, also while it still rings there."""
    party, room = transferer.consulting, transferer.bridge
    away = party.bridge if party else None
    target = room.peer(transferer) if room else None
    if party is None or room is None or away is None or target is None:
        return False
    told = attended_headers(transferer, transferer, away, room, party, target, into=away)
    end_service(switch, transferer, party, "transfer")
    switch.emit("BridgeMerge", away.snapshot("To"), room.snapshot("From"))
    _silence(switch, party)
    switch.leave(target)
    switch.enter(away, target)
    switch.emit("AttendedTransfer", *told)
    _leave(switch, transferer, room)
    switch.connect_line(target, party.number, party.caller_name)
    switch.connect_line(party, target.number or transferer.connected_number, target.caller_name)
    switch.close(transferer, 16)
    switch.settle()
    return True


def three_way(switch: Switch, transferer: Channel) -> bool:
    """All three talk to each other; False where there are not three."""
    party, room = transferer.consulting, transferer.bridge
    away = party.bridge if party else None
    target = room.peer(transferer) if room else None
    if party is None or room is None or away is None or target is None or target.state != UP:
        return False
    *told, _ = attended_headers(transferer, transferer, away, room, party, target)
    meet = [("IsExternal", "No"), ("DestType", "Threeway"), ("DestBridgeUniqueid", away.uniqueid)]
    switch.emit("BridgeMerge", away.snapshot("To"), room.snapshot("From"))
    for joining in (target, transferer):
        switch.leave(joining)
        switch.enter(away, joining)
    _silence(switch, party)
    switch.emit("AttendedTransfer", *told, meet, [("DestTransfererChannel", transferer.name)])
    switch.close_bridge(room)
    transferer.consulting = None
    return True


def _leave(switch: Switch, transferer: Channel, room: Bridge) -> None:
    transferer.consulting = None
    switch.leave(transferer)
    switch.close_bridge(room)


def abort(switch: Switch, transferer: Channel) -> bool:
    """The transferer goes back to his party; whoever he asked is hung up."""
    room = transferer.bridge
    if transferer.consulting is None or room is None:
        return False
    switch.leave(transferer)
    go_back(switch, transferer)
    for other in tuple(room.members):
        if other.twin is not None and other.twin.dialing is not None:
            cancel(switch, other.twin.dialing)
        hang_up_all(switch, other, 16)
    switch.close_bridge(room)
    switch.settle()
    return True


def go_back(switch: Switch, transferer: Channel) -> None:
    """The transferer talks to his party again, or is hung up where the party is gone."""
    party, transferer.consulting = transferer.consulting, None
    if party is None or party.bridge is None:
        switch.close(transferer, 16)
        return
    switch.enter(party.bridge, transferer)
    switch.emit("Unhold", transferer.snapshot())
    _silence(switch, party)


def hang_up(switch: Switch, channel: Channel, *, asked: bool = True) -> None:
    """Hang up, which completes the transfer where the channel is asking somebody else."""
    if channel.consulting is None or channel.consulting.bridge is None:
        dialing.hang_up(switch, channel, asked=asked)
        return
    if asked:
        switch.emit("HangupRequest", channel.snapshot(), [("Cause", "16")])
    complete(switch, channel)


def _silence(switch: Switch, party: Channel) -> None:
    party.held = False
    switch.emit("MusicOnHoldStop", party.snapshot())
    switch.touch(party)
