"""Attended transfer by the PBX itself (AMI Atxfer or a feature code): a Local channel, its optimisation away,
and the transfer when the transferer hangs up.
"""

from switchroom.simulators import dialing
from switchroom.simulators.channels import RING, UP, Channel
from switchroom.simulators.dialing import cancel, end_service, hang_up_all
from switchroom.simulators.switch import Switch
from switchroom.simulators.transfers import attended_headers, move, music


def begin(switch: Switch, transferer: Channel, exten: str, context: str) -> bool:
    """The transferer's party hears music while he is connected to `exten`; False where he has no party."""
    bridge = transferer.bridge
    party = bridge.peer(transferer) if bridge else None
    if bridge is None or party is None or transferer.consulting is not None:
        return False
    switch.emit("Hold", transferer.snapshot(), [("MusicClass", "default")])
    music(switch, transferer)
    switch.leave(transferer)
    transferer.consulting = party
    one, two = _local_pair(switch, transferer, exten, context)
    room = switch.open_bridge()
    switch.enter(room, transferer)
    switch.enter(room, one)
    two.state = RING
    switch.run(two)
    if two.dialing is not None:
        two.dialing.joined = lambda target: _optimise(switch, one, two, target)
    switch.settle()
    return True


def _local_pair(switch: Switch, transferer: Channel, exten: str, context: str) -> tuple[Channel, Channel]:
    endpoint = f"Local/{exten}@{context}"
    name = f"{endpoint}-{next(switch.local_serial):08x}"
    facts = {"context": context, "exten": exten}
    one = switch.open_channel(endpoint, beside=transferer, name=f"{name};1", **facts)
    caller = {"number": transferer.number, "caller_name": transferer.caller_name, "state": RING}
    two = switch.open_channel(endpoint, beside=transferer, name=f"{name};2", **facts, **caller)
    one.twin, two.twin = two, one
    place = [("Context", context), ("Exten", exten), ("LocalOptimization", "Yes")]
    switch.emit("LocalBridge", one.snapshot("LocalOne"), two.snapshot("LocalTwo"), place)
    return one, two


def _optimise(switch: Switch, one: Channel, two: Channel, target: Channel) -> None:
    """The Local channel steps aside: the target talks to the transferer directly."""
    room, detour = one.bridge, two.bridge
    if room is None or detour is None:
        return
    switch.set_state(one, UP)
    halves = one.snapshot("LocalOne"), two.snapshot("LocalTwo")
    switch.emit("LocalOptimizationBegin", *halves, target.snapshot("Source"), [("DestUniqueId", room.uniqueid)])
    switch.leave(target)
    move(switch, target, one, room)
    switch.leave(two)
    switch.close_bridge(detour)
    switch.emit("LocalOptimizationEnd", one.snapshot("LocalOne"), two.snapshot("LocalTwo"))
    one.twin = two.twin = None
    switch.close(one, 16)
    switch.close(two, 16)


def complete(switch: Switch, transferer: Channel) -> bool:
    """The transferer hangs up: his party goes where he was, also while it still rings there."""
    party, room = transferer.consulting, transferer.bridge
    away = party.bridge if party else None
    target = room.peer(transferer) if room else None
    if party is None or room is None or away is None or target is None:
        return False
    told = attended_headers(transferer, transferer, away, room, party, target)
    end_service(switch, transferer, party, "transfer")
    _silence(switch, party)
    switch.leave(party)
    move(switch, party, transferer, room)
    switch.emit("AttendedTransfer", *told)
    switch.connect_line(target, party.number, party.caller_name)
    switch.connect_line(party, target.number, target.caller_name)
    switch.close_bridge(away)
    transferer.consulting = None
    switch.emit("SoftHangupRequest", transferer.snapshot(), [("Cause", "16")])
    switch.close(transferer, 16)
    switch.settle()
    return True


def abort(switch: Switch, transferer: Channel) -> bool:
    """The transferer goes back to his party; whoever he asked is hung up."""
    room = transferer.bridge
    if transferer.consulting is None or room is None:
        return False
    switch.leave(transferer)
    for other in tuple(room.members):
        if other.twin is not None and other.twin.dialing is not None:
            cancel(switch, other.twin.dialing)
        hang_up_all(switch, other, 16)
    switch.close_bridge(room)
    go_back(switch, transferer)
    switch.settle()
    return True


def go_back(switch: Switch, transferer: Channel) -> None:
    """The transferer talks to his party again, or is hung up where the party is gone."""
    party, transferer.consulting = transferer.consulting, None
    if party is None or party.bridge is None:
        switch.close(transferer, 16)
        return
    _silence(switch, party)
    switch.enter(party.bridge, transferer)


def hang_up(switch: Switch, channel: Channel, *, asked: bool = True) -> None:
    """Hang up, which completes the transfer where the channel is asking somebody else."""
    if channel.consulting is None or channel.consulting.bridge is None:
        dialing.hang_up(switch, channel, asked=asked)
        return
    name = "HangupRequest" if asked else "SoftHangupRequest"
    switch.emit(name, channel.snapshot(), [("Cause", "16")])
    complete(switch, channel)


def _silence(switch: Switch, party: Channel) -> None:
    party.held = False
    switch.emit("MusicOnHoldStop", party.snapshot())
    switch.touch(party)
