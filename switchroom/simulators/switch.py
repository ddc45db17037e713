"""The heart of the simulated PBX: its channels, bridges and device states, and the events they cause."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from switchroom.simulators.channels import RING, RINGING, UP, Bridge, Channel, Headers, Message, render
from switchroom.simulators.clock import Clock
from switchroom.simulators.noise import Noise, Silence
from switchroom.simulators.queues import Queue

CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}
HINT_STATES = {
    "NOT_INUSE": (0, "Idle"),
    "INUSE": (1, "InUse"),
    "BUSY": (2, "Busy"),
    "UNAVAILABLE": (4, "Unavailable"),
    "RINGING": (8, "Ringing"),
    "RINGINUSE": (9, "InUse&Ringing"),
    "ONHOLD": (16, "Hold"),
}


@dataclass(slots=True, kw_only=True)
class Device:
    """A phone or the trunk as the PBX knows it. `told` is the state last announced."""

    endpoint: str
    extension: str | None
    name: str
    registered: bool = True
    dnd: bool = False
    told: str = "NOT_INUSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the simulated PBX is set up: what its administrator wrote into its files."""

    system: str = "demo"
    trunk: str = "PJSIP/provider"
    extensions: Mapping[str, str] = field(default_factory=dict)
    dids: Mapping[str, str] = field(default_factory=dict)
    ring_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    voicemail: frozenset[str] = frozenset()
    menus: Mapping[str, str] = field(default_factory=dict)
    outside_number: str = "84951234567"
    channel_variables: tuple[str, ...] = ()
    ring_seconds: float = 30.0


class Switch:
    """Everything that is up in the PBX right now.

    Events go to `listeners`. `rings` and `answered` are told which leg rings or was answered, so that phones
    can act; `run` lets a channel go on in the dialplan; `goes_back` returns a transferer to his party.
    """

    def __init__(self, plan: Plan, clock: Clock, seed: int, noisy: bool = False) -> None:
        self.plan = plan
        self.clock = clock
        self.random = Random(seed)  # noqa: S311 - repeatable on purpose
        self.noise: Noise | Silence = Noise(self) if noisy else Silence()
        self.listeners: list[Callable[[Message], None]] = []
        self.rings: Callable[[Channel], None] = _ignore
        self.answered: Callable[[Channel], None] = _ignore
        self.run: Callable[[Channel], None] = _ignore
        self.goes_back: Callable[[Channel], None] = _ignore
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.parked: dict[int, Channel] = {}
        self.queues: dict[str, Queue] = {}
        self.database: dict[tuple[str, str], str] = {}
        self.devices = {plan.trunk: Device(endpoint=plan.trunk, extension=None, name="")}
        for extension, name in plan.extensions.items():
            endpoint = f"PJSIP/{extension}"
            self.devices[endpoint] = Device(endpoint=endpoint, extension=extension, name=name)
        self.at_close: dict[str, Callable[[], None]] = {}
        self.calls_processed = 0
        self.local_serial = count()
        self._serial = count(1)
        self._births: dict[str, int] = {}
        self._touched: dict[str, None] = {}

    def emit(self, name: str, *parts: Headers, privilege: str = "call,all") -> None:
        """Tell every listener that something happened, now."""
        headers = [header for part in parts for header in part]
        message = render(name, self.clock.timestamp(), privilege, self.plan.system, headers)
        for listener in tuple(self.listeners):
            listener(message)

    def open_channel(
        self, endpoint: str, *, beside: Channel | None = None, uniqueid: str = "", name: str = "", **facts: Any
    ) -> Channel:
        """A new channel of `endpoint`, announced; `beside` is the channel whose call it belongs to."""
        serial = next(self._serial)
        uniqueid = uniqueid or f"{self.plan.system}-{int(self.clock.seconds())}.{serial}"
        channel = Channel(
            name=name or f"{endpoint}-{serial:08x}",
            uniqueid=uniqueid,
            linkedid=beside.linkedid if beside else uniqueid,
            endpoint=endpoint,
            created=self.clock.now,
            shown=self.plan.channel_variables,
        )
        for fact, value in facts.items():
            setattr(channel, fact, value)
        self._announce(channel)
        return channel

    def _announce(self, channel: Channel) -> None:
        self.channels[channel.name] = channel
        self._births.setdefault(channel.linkedid, len(self._births))
        self.calls_processed += channel.linkedid == channel.uniqueid
        self.emit("Newchannel", channel.snapshot())
        self.touch(channel)
        self.noise.opened(channel)

    def set_state(self, channel: Channel, state: int) -> None:
        """Move `channel` to `state` and tell it, unless it is there already."""
        if channel.state == state:
            return
        channel.state = state
        self.emit("Newstate", channel.snapshot())
        self.touch(channel)
        if state == UP:
            self.noise.answered(channel)

    def connect_line(self, channel: Channel, number: str, name: str) -> None:
        """Show on `channel` who is at the other end."""
        channel.connected_number, channel.connected_name = number, name
        self.emit("NewConnectedLine", channel.snapshot())

    def close(self, channel: Channel, cause: int, tech: str = "") -> None:
        """The channel is gone: the last event of its life."""
        if self.channels.pop(channel.name, None) is None:
            return
        tail = [("Cause", str(cause)), ("Cause-txt", CAUSES[cause])]
        self.emit("Hangup", channel.snapshot(), [*tail, ("TechCause", tech)] if tech else tail)
        self.touch(channel)
        self.noise.closed(channel, cause)
        if (step := self.at_close.pop(channel.name, None)) is not None:
            step()

    def open_bridge(self, **facts: Any) -> Bridge:
        """A new, empty bridge, announced."""
        bridge = Bridge(uniqueid=str(UUID(int=self.random.getrandbits(128), version=4)), **facts)
        self.bridges[bridge.uniqueid] = bridge
        self.emit("BridgeCreate", bridge.snapshot())
        return bridge

    def enter(self, bridge: Bridge, channel: Channel, swap: Channel | None = None) -> None:
        """`channel` joins `bridge`, in the place of `swap` where it is given."""
        bridge.members.append(channel)
        channel.bridge = bridge
        tail = [("SwapUniqueid", swap.uniqueid)] if swap else []
        self.emit("BridgeEnter", bridge.snapshot(), channel.snapshot(), tail)
        self.noise.entered(channel, bridge)
        if bridge.kind == "basic":
            self.same_call(bridge.members)

    def leave(self, channel: Channel) -> Bridge | None:
        """`channel` leaves the bridge it is in; the bridge stays, perhaps empty."""
        bridge, channel.bridge = channel.bridge, None
        if bridge is None:
            return None
        bridge.members.remove(channel)
        self.emit("BridgeLeave", bridge.snapshot(), channel.snapshot())
        self.noise.left(channel, bridge)
        return bridge

    def close_bridge(self, bridge: Bridge) -> None:
        """The bridge is gone."""
        if self.bridges.pop(bridge.uniqueid, None) is not None:
            self.emit("BridgeDestroy", bridge.snapshot())

    def same_call(self, channels: Iterable[Channel]) -> None:
        """Channels that meet belong to one call: all take the oldest linkedid."""
        met = list(channels)
        oldest = min((channel.linkedid for channel in met), key=self._births.__getitem__)
        for channel in met:
            channel.linkedid = oldest

    def of_endpoint(self, endpoint: str) -> list[Channel]:
        """The channels `endpoint` has now, oldest first."""
        return [channel for channel in self.channels.values() if channel.endpoint == endpoint]

    def touch(self, channel: Channel) -> None:
        """Remember that the state of the channel's device may have changed."""
        self._touched[channel.endpoint] = None

    def device_state(self, endpoint: str) -> str:
        """The state Asterisk gives a device by what its channels are doing."""
        if not self.devices[endpoint].registered:
            return "UNAVAILABLE"
        channels = self.of_endpoint(endpoint)
        ringing = any(channel.state == RINGING for channel in channels)
        if any(channel.held for channel in channels):
            return "ONHOLD"
        if any(channel.state in (RING, UP) for channel in channels):
            return "RINGINUSE" if ringing else "INUSE"
        return "RINGING" if ringing else "NOT_INUSE"

    def settle(self) -> None:
        """Announce the device states that changed since the last time."""
        touched, self._touched = self._touched, {}
        for endpoint in touched:
            device = self.devices.get(endpoint)
            if device is None or (state := self.device_state(endpoint)) == device.told:
                continue
            device.told = state
            self.emit("DeviceStateChange", [("Device", endpoint), ("State", state)])
            if device.extension is not None:
                self.tell_hint(device)
                self.tell_members(device)

    def tell_hint(self, device: Device) -> None:
        """Announce the state of an extension's hint."""
        self.emit("ExtensionStatus", self.hint(device))

    def hint(self, device: Device) -> Headers:
        """The extension's hint, its device and its do-not-disturb switch together."""
        state = "BUSY" if device.dnd and device.told in ("NOT_INUSE", "INUSE") else device.told
        number, text = HINT_STATES[state]
        extension = device.extension or ""
        return [
            ("Exten", extension),
            ("Context", "from-internal"),
            ("Hint", f"{device.endpoint}&Custom:DND{extension}"),
            ("Status", str(number)),
            ("StatusText", text),
        ]

    def tell_members(self, device: Device) -> None:
        """Announce the state of a phone to the queues it is a member of."""
        for queue in self.queues.values():
            if (member := queue.member(device.endpoint)) is not None:
                self.emit("QueueMemberStatus", queue.member_headers(member, device), privilege="agent,all")

    def forget(self) -> None:
        """Lose everything that is up, without a word: what a restart does."""
        for store in (self.channels, self.bridges, self.parked, self._touched):
            store.clear()
        for queue in self.queues.values():
            queue.entries.clear()
        for device in self.devices.values():
            device.told = "NOT_INUSE" if device.registered else "UNAVAILABLE"

    def set_dnd(self, device: Device, on: bool) -> None:
        """Switch do-not-disturb of an extension."""
        device.dnd = on
        custom = [("Device", f"Custom:DND{device.extension}"), ("State", "BUSY" if on else "NOT_INUSE")]
        self.emit("DeviceStateChange", custom)
        self.tell_hint(device)

    def register(self, device: Device, on: bool) -> None:
        """A phone registers, or its registration ends."""
        device.registered = on
        status = "Reachable" if on else "Unreachable"
        peer = [("ChannelType", "PJSIP"), ("Peer", device.endpoint), ("PeerStatus", status)]
        self.emit("PeerStatus", peer, privilege="system,all")
        self._touched[device.endpoint] = None
        self.settle()


def _ignore(_: Channel) -> None:
    return None
