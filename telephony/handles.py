"""What acting on calls needs to know and no call record tells: parking places, recordings, queue
interfaces, and what we ourselves did to a channel. Pure: messages in."""

import re
from dataclasses import dataclass, field

from telephony.possible import Recorded
from telephony.stream import Message

HEARD = frozenset({"MixMonitorStart", "MixMonitorStop", "MixMonitorMute"})
"""Event names needed here beyond `telephony.exchange.HEARD`."""

_BEHIND_LOCAL = re.compile(r"(Local/[^@/]+)@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call is parked."""

    lot: str
    space: str


@dataclass(slots=True)
class Handles:
    """By uniqueid, channel name or interface, as Asterisk names them; forgotten with the channel."""

    places: dict[str, Place] = field(default_factory=dict)
    """Linkedid of a parked call → its place."""
    recordings: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Linkedid → the channel that is recorded, and whether the recording is paused."""
    members: dict[str, str] = field(default_factory=dict)
    """Queue member's interface → the device whose state it shows."""
    ringing: dict[str, dict[str, None]] = field(default_factory=dict)
    """Device, or extension behind a Local channel → the interfaces in `members` that ring it."""
    muted: set[str] = field(default_factory=set)
    """Channels we muted."""
    consulting: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Channel that began an attended transfer through us → whom it was connected with before."""

    def hear(self, message: Message) -> None:
        """Take one AMI event."""
        event = message.get("Event", "")
        match event:
            case "ParkedCall":
                place = Place(lot=message.get("Parkinglot", ""), space=message.get("ParkingSpace", ""))
                self.places[message.get("ParkeeLinkedid", "")] = place
            case "UnParkedCall" | "ParkedCallTimeOut" | "ParkedCallGiveUp":
                self.places.pop(message.get("ParkeeLinkedid", ""), None)
            case "MixMonitorStart":
                self.recordings[message.get("Linkedid", "")] = (message.get("Channel", ""), False)
            case "MixMonitorMute":
                paused = message.get("State") == "1"
                self.recordings[message.get("Linkedid", "")] = (message.get("Channel", ""), paused)
            case "MixMonitorStop":
                self.recordings.pop(message.get("Linkedid", ""), None)
            case "Hangup":
                self._gone(message)
            case _ if event.startswith("QueueMember"):
                self._member(event, message)
            case _:
                pass

    def recorded(self, linkedid: str) -> Recorded:
        """Whether a call is recorded now."""
        if linkedid not in self.recordings:
            return "no"
        return "paused" if self.recordings[linkedid][1] else "on"

    def interfaces(self, extension: str, devices: frozenset[str]) -> tuple[str, ...]:
        """The queue interfaces that ring `extension`, whose devices are `devices`."""
        names = (*sorted(devices), f"Local/{extension}")
        return tuple(dict.fromkeys(interface for name in names for interface in self.ringing.get(name, ())))

    def _member(self, event: str, message: Message) -> None:
        interface = message.get("Interface") or message.get("Location") or ""
        before = self.members.get(interface)
        if event == "QueueMemberRemoved":
            self._forget_member(interface, self.members.pop(interface, ""))
        elif interface and before != (device := message.get("StateInterface") or before or ""):
            self._forget_member(interface, before or "")
            self.members[interface] = device
            for name in _rung(interface, device):
                self.ringing.setdefault(name, {})[interface] = None

    def _forget_member(self, interface: str, device: str) -> None:
        for name in _rung(interface, device):
            if (interfaces := self.ringing.get(name)) is not None:
                interfaces.pop(interface, None)

    def _gone(self, message: Message) -> None:
        channel = message.get("Channel", "")
        self.muted.discard(channel)
        self.consulting.pop(channel, None)
        if message.get("Uniqueid") == (linkedid := message.get("Linkedid", "")):
            self.places.pop(linkedid, None)
            self.recordings.pop(linkedid, None)


def _rung(interface: str, device: str) -> tuple[str, ...]:
    """What a queue member rings: itself, its device, the extension behind a Local channel."""
    behind = _BEHIND_LOCAL.match(interface)
    return (interface, device, *((behind[1],) if behind else ()))
