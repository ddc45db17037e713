"""Hold, transfer, park and pick up: what people do with a call that is up."""

from switchroom.simulators.channels import RINGING, UP, Bridge, Channel, Headers
from switchroom.simulators.dialing import connect, hang_up_all, release, start_dialing
from switchroom.simulators.queues import end_service
from switchroom.simulators.switch import Switch

LOT_SECONDS = 45.0
SPACE_SAID_SECONDS = 2.5
FIRST_SPACE = 701


def hold(switch: Switch, channel: Channel) -> None:
    """A phone presses hold: the other side hears music."""
    channel.holding = True
    switch.emit("Hold", channel.snapshot(), [("MusicClass", "default")])
    music(switch, channel)


def music(switch: Switch, channel: Channel) -> None:
    """The other side of `channel` hears music."""
    if channel.bridge and (peer := channel.bridge.peer(channel)) is not None:
        peer.held = True
        switch.emit("MusicOnHoldStart", peer.snapshot(), [("Class", "default")])
        switch.touch(peer)


def resume(switch: Switch, channel: Channel) -> None:
    """A phone takes the call back from hold."""
    switch.emit("Unhold", channel.snapshot())
    release(switch, channel)


def blind(switch: Switch, transferer: Channel, exten: str, context: str) -> bool:
    """The other side is sent to `exten`; False where there is no other side."""
    bridge = transferer.bridge
    peer = bridge.peer(transferer) if bridge else None
    if bridge is None or peer is None:
        return False
    switch.emit("Unhold", transferer.snapshot())
    release(switch, transferer)
    tail = [("IsExternal", "Yes"), ("Context", context), ("Extension", exten)]
    parts = transferer.snapshot("Transferer"), peer.snapshot("Transferee"), bridge.snapshot()
    switch.emit("BlindTransfer", [("Result", "Success")], *parts, tail)
    end_service(switch, transferer, peer, "transfer")
    switch.leave(transferer)
    _send(switch, peer, exten, context)
    switch.close_bridge(bridge)
    switch.close(transferer, 16)
    switch.settle()
    switch.run(peer)
    return True


def _send(switch: Switch, channel: Channel, exten: str, context: str) -> None:
    channel.context, channel.exten, channel.priority = context, exten, 1
    switch.leave(channel)


def redirect(switch: Switch, channel: Channel, exten: str, context: str, extra: Channel | None) -> None:
    """AMI Redirect: `channel` (and `extra`) goes on at `exten`; a side not named is hung up."""
    bridge = channel.bridge
    peer = bridge.peer(channel) if bridge else None
    release(switch, channel)
    end_service(switch, channel, peer, "transfer")
    _send(switch, channel, exten, context)
    if peer is not None and extra is not peer:
        hang_up_all(switch, peer, 16)
    if extra is not None:
        _send(switch, extra, exten, context)
    if bridge is not None and not bridge.members:
        switch.close_bridge(bridge)
    for moved in (channel, extra):
        if moved is not None:
            switch.run(moved)


def attended(switch: Switch, first: Channel, second: Channel) -> bool:
    """A phone joins its two calls (REFER with Replaces): both its channels end, the others talk."""
    away, stay = first.bridge, second.bridge
    transferee = away.peer(first) if away else None
    target = stay.peer(second) if stay else None
    if away is None or stay is None or transferee is None or target is None:
        return False
    told = attended_headers(first, second, away, stay, transferee, target)
    switch.emit("Unhold", first.snapshot())
    switch.emit("Unhold", second.snapshot())
    end_service(switch, first, transferee, "transfer")
    release(switch, first)
    switch.leave(transferee)
    move(switch, transferee, second, stay)
    switch.connect_line(target, transferee.number, transferee.caller_name)
    switch.connect_line(transferee, target.number, target.caller_name)
    switch.leave(first)
    switch.emit("SoftHangupRequest", second.snapshot(), [("Cause", "16")])
    switch.emit("AttendedTransfer", *told)
    switch.close_bridge(away)
    switch.close(first, 16)
    switch.close(second, 16)
    switch.settle()
    return True


def move(switch: Switch, channel: Channel, instead: Channel, bridge: Bridge) -> None:
    """`channel` takes the place of `instead` in `bridge`."""
    switch.leave(instead)
    switch.enter(bridge, channel, swap=instead)


def attended_headers(
    first: Channel,
    second: Channel,
    away: Bridge,
    stay: Bridge,
    transferee: Channel,
    target: Channel,
    into: Bridge | None = None,
) -> list[Headers]:
    """What an AttendedTransfer says: both calls of the transferer as they were, and where they meet."""
    meet = (into or stay).uniqueid
    tail = [("IsExternal", "No"), ("DestType", "Bridge"), ("DestBridgeUniqueid", meet)]
    return [
        [("Result", "Success")],
        first.snapshot("OrigTransferer"),
        away.snapshot("Orig"),
        second.snapshot("SecondTransferer"),
        stay.snapshot("Second"),
        transferee.snapshot("Transferee"),
        target.snapshot("TransferTarget"),
        tail,
    ]


def park(switch: Switch, channel: Channel) -> int:
    """`channel` goes to the parking lot, who talked to it is hung up. Returns the space."""
    bridge = channel.bridge
    peer = bridge.peer(channel) if bridge else None
    space = next(number for number in range(FIRST_SPACE, 800) if number not in switch.parked)
    release(switch, channel)
    end_service(switch, channel, peer, "transfer")
    parker = peer.endpoint if peer else ""
    switch.emit("ParkedCall", parked_headers(channel, space, parker))
    switch.leave(channel)
    switch.parked[space] = channel
    _tell_space(switch, space, "INUSE")
    switch.enter(_lot(switch), channel)
    switch.emit("MusicOnHoldStart", channel.snapshot(), [("Class", "default")])
    channel.variables["PARKER"] = parker
    if peer is not None:
        switch.clock.after(SPACE_SAID_SECONDS, lambda: _told_space(switch, peer))
    switch.clock.after(LOT_SECONDS, lambda: _back_from_lot(switch, channel, space))
    return space


def _told_space(switch: Switch, parker: Channel) -> None:
    """The parker has heard the number of the space."""
    if parker.name in switch.channels:
        hang_up_all(switch, parker, 16)
        switch.settle()


def _tell_space(switch: Switch, space: int, state: str) -> None:
    switch.emit("DeviceStateChange", [("Device", f"park:{space}@parkedcalls"), ("State", state)])


def _lot(switch: Switch) -> Bridge:
    for bridge in switch.bridges.values():
        if bridge.kind == "parking":
            return bridge
    return switch.open_bridge(kind="parking", technology="holding_bridge", creator="Parking", name="default")


def parked_headers(channel: Channel, space: int, parker: str, retriever: Channel | None = None) -> Headers:
    """A parked call as ParkedCall, UnParkedCall and the list of parked calls show it."""
    return [
        *channel.snapshot("Parkee"),
        *(retriever.snapshot("Retriever") if retriever else []),
        ("ParkerDialString", parker),
        ("Parkinglot", "default"),
        ("ParkingSpace", str(space)),
        ("ParkingTimeout", str(int(LOT_SECONDS))),
        ("ParkingDuration", "0"),
    ]


def _leave_lot(switch: Switch, channel: Channel, space: int) -> None:
    switch.emit("MusicOnHoldStop", channel.snapshot())
    _tell_space(switch, space, "NOT_INUSE")
    del switch.parked[space]


def _back_from_lot(switch: Switch, channel: Channel, space: int) -> None:
    if switch.parked.get(space) is not channel:
        return
    parker = channel.variables["PARKER"]
    switch.emit("ParkedCallTimeOut", parked_headers(channel, space, parker))
    _leave_lot(switch, channel, space)
    switch.leave(channel)
    channel.context, channel.exten, channel.priority = "park-dial", parker.replace("/", "_"), 1
    channel.pbx = True
    start_dialing(
        switch,
        channel,
        [(parker, parker.partition("/")[2])],
        seconds=switch.plan.ring_seconds,
        unanswered=lambda _: hang_up_all(switch, channel, 16),
    )
    switch.settle()


def retrieve(switch: Switch, channel: Channel, space: int) -> None:
    """`channel` dialled the space of a parked call and talks to it."""
    parked = switch.parked[space]
    channel.application, channel.data = "ParkedCall", f"default,{space}"
    switch.set_state(channel, UP)
    bridge = switch.open_bridge()
    _leave_lot(switch, parked, space)
    switch.emit("UnParkedCall", parked_headers(parked, space, parked.variables["PARKER"], channel))
    switch.leave(parked)
    switch.enter(bridge, parked)
    switch.enter(bridge, channel)
    switch.connect_line(parked, channel.number, channel.caller_name)
    switch.connect_line(channel, parked.number, parked.caller_name)


def pick_up(switch: Switch, picker: Channel, extension: str | None) -> None:
    """`picker` takes a call that rings at `extension`, or at any phone of the group."""
    picker.application, picker.data = "Pickup", f"{extension or ''}@from-internal"
    take_over(switch, picker, _ringing(switch, extension))


def take_over(switch: Switch, picker: Channel, target: Channel | None) -> None:
    """`picker` answers in the place of the leg `target`; hung up where that does not ring any more."""
    if target is None or target.dialed_by is None or (caller := target.dialed_by.caller) is None:
        hang_up_all(switch, picker, 16)
        return
    dialing = target.dialed_by
    switch.connect_line(picker, caller.number, caller.caller_name)
    switch.set_state(picker, UP)
    switch.emit("Pickup", picker.snapshot(), target.snapshot("Target"))
    switch.emit("SoftHangupRequest", target.snapshot(), [("Cause", "16")])
    switch.close(target, 26)
    dialing.targets.remove(target)
    switch.connect_line(caller, picker.number, picker.caller_name)
    for other in tuple(dialing.targets):
        switch.emit("DialEnd", caller.snapshot(), other.snapshot("Dest"), [("DialStatus", "CANCEL")])
        switch.close(other, 26)
    picker.exten, picker.pbx = "", False
    switch.emit("DialEnd", caller.snapshot(), picker.snapshot("Dest"), [("DialStatus", "ANSWER")])
    connect(switch, dialing, caller, picker)


def _ringing(switch: Switch, extension: str | None) -> Channel | None:
    for channel in switch.channels.values():
        mine = extension is None or channel.endpoint == f"PJSIP/{extension}"
        if channel.state == RINGING and channel.dialed_by is not None and mine:
            return channel
    return None
