"""What every extension is doing: from device states and hints, and above all from our own calls.

Works with device states only, hints only, or none of both. Asterisk shows "hold" on the held party; here it
is on the extension that pressed it.
"""

from datetime import datetime

from domain.calls import CallState
from domain.presence import PhoneState, Presence
from telephony.channels import Channel, Message, Switch
from telephony.endpoints import Endpoints
from telephony.parties import part
from telephony.story import Ring, Story
from telephony.tracker import Tracker

IN_USE = frozenset({"INUSE", "BUSY", "ONHOLD", "RINGINUSE", "RINGING"})
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
SHOWN: dict[CallState, PhoneState] = {"ringing": "ringing", "held": "hold", "talking": "talking"}
"""What a part in a call is shown as."""

FIRST: dict[PhoneState, int] = {"ringing": 0, "hold": 1, "talking": 2, "busy": 3}
"""Of several parts at a time, the first of these is shown."""

HINT_AWAY = 4
REMEMBERED = 65536
"""How many names of devices are kept as read."""
SIGNALLING = frozenset(
    [
        "PJSIP",
        "SIP",
        "IAX2",
        "DAHDI",
        "SCCP",
        "Skinny",
        "MGCP",
        "H323",
        "OOH323",
        "Unistim",
        "WebRTC",
        "Motif",
        "Console",
    ]
)


class Phone:
    """What Asterisk said of one extension."""

    __slots__ = ("devices", "dnd", "hint", "taken", "told", "used")

    def __init__(self) -> None:
        self.devices: dict[str, str] = {}
        self.dnd = False
        self.hint: int | None = None
        self.used = False
        """It had channels when we last looked."""
        self.taken = False
        """It had a part in a call when we last looked: then the call says what it is doing, not the device."""
        self.told: Presence | None = None


class Board:
    """The presence of all extensions of one PBX."""

    def __init__(self, pbx: str, endpoints: Endpoints, tracker: Tracker) -> None:
        self._pbx = pbx
        self._endpoints = endpoints
        self._tracker = tracker
        self._phones: dict[str, Phone] = {}
        self._devices: dict[str, tuple[str, Phone, bool] | None] = {}
        """Each device's extension, and whether it is only the switch of its do-not-disturb."""
        self._hints: dict[tuple[str | None, str], str | None] = {}
        """Each hint's extension."""

    def told(self) -> tuple[Presence, ...]:
        """Everybody's state as last told, by extension."""
        known = [phone.told for _, phone in sorted(self._phones.items())]
        return tuple(presence for presence in known if presence is not None)

    def device(self, ami: Message) -> str | None:
        """A device changed; returns the extension concerned."""
        device, state = ami.get("Device", ""), ami.get("State", "")
        if device not in self._devices:
            self._read_device(device)
        known = self._devices[device]
        if known is None:
            return None
        extension, phone, switch = known
        if switch:
            if phone.dnd is (on := state in IN_USE):
                return None
            phone.dnd = on
        elif phone.devices.get(device) == state:
            return None
        else:
            phone.devices[device] = state
            return None if phone.taken else extension
        return extension

    def _read_device(self, device: str) -> None:
        if len(self._devices) > REMEMBERED:
            self._devices.clear()
        switched = self._endpoints.dnd_extension(device)
        extension = switched if switched is not None else self._extension_of(device)
        self._devices[device] = None if extension is None else (extension, self._phone(extension), switched is not None)

    def hint(self, ami: Message) -> str | None:
        """A hint changed; returns the extension concerned."""
        hint = (ami.get("Exten") or None, ami.get("Hint", ""))
        if hint not in self._hints:
            if len(self._hints) > REMEMBERED:
                self._hints.clear()
            self._hints[hint] = self._hinted(*hint)
        extension, status = self._hints[hint], ami.get("Status", "")
        if extension is None or not status.lstrip("-").isdigit():
            return None
        phone, hinted = self._phone(extension), int(status)
        if phone.hint == hinted:
            return None
        phone.hint = hinted
        return None if phone.taken else extension

    def _hinted(self, extension: str | None, hint: str) -> str | None:
        devices = [device for device in hint.split("&") if device]
        if devices:
            named = {found for device in devices if (found := self._extension_of(device)) is not None}
            if extension not in named:
                extension = named.pop() if len(named) == 1 else None
        return None if extension is None or extension[0] in "*#" else extension

    def _extension_of(self, device: str) -> str | None:
        if device.partition("/")[0] not in SIGNALLING:
            return None
        return self._endpoints.of_device(device).extension

    def _phone(self, extension: str) -> Phone:
        if (phone := self._phones.get(extension)) is None:
            phone = self._phones[extension] = Phone()
        return phone

    def changed(self, extension: str, at: datetime | None) -> tuple[Presence | None, Presence] | None:
        """Look again at one extension; what was told and what is to be told now, or None if it is the same."""
        phone = self._phone(extension)
        channels = self._tracker.channels_of(extension)
        if phone.used and not channels:
            _freed(phone)
        phone.used = bool(channels)
        state, peer = self._state(phone, channels)
        before = phone.told
        if before is None and state == "idle" and not phone.devices and phone.hint is None:
            return None
        if before is not None and before.state == state:
            peer = peer or before.peer
            if before.peer == peer:
                return None
        since = before.since if before is not None and before.state == state else at
        phone.told = Presence(pbx=self._pbx, extension=extension, state=state, since=since, peer=peer)
        return before, phone.told

    def _state(self, phone: Phone, channels: list[tuple[Story, Channel]]) -> tuple[PhoneState, str | None]:
        taken: tuple[Story, Channel] | None = None
        state: PhoneState = "idle"
        for story, channel in channels:
            seen = part(story, channel)
            if seen is not None and (taken is None or FIRST[SHOWN.get(seen, "busy")] < FIRST[state]):
                taken, state = (story, channel), SHOWN.get(seen, "busy")
        phone.taken = taken is not None
        if taken is None:
            return _without_calls(phone), None
        return "dnd" if phone.dnd else state, peer_of(self._tracker.switch, *taken)


def _without_calls(phone: Phone) -> PhoneState:
    """What device and hint say of a phone that has no part in any call we know."""
    if _away(phone):
        return "unavailable"
    if phone.dnd:
        return "dnd"
    if _says(phone, "RINGING", 8):
        return "ringing"
    return "busy" if _in_use(phone) else "idle"


def _freed(phone: Phone) -> None:
    """The last channel is gone: what devices and hint said is old, whatever they say next."""
    for device, state in phone.devices.items():
        if state in IN_USE:
            phone.devices[device] = "NOT_INUSE"
    if phone.hint is not None and phone.hint > 0 and phone.hint != HINT_AWAY:
        phone.hint = 0


def _away(phone: Phone) -> bool:
    if phone.devices:
        return all(state in AWAY for state in phone.devices.values())
    return phone.hint is not None and (phone.hint == HINT_AWAY or phone.hint < 0)


def _says(phone: Phone, state: str, bit: int) -> bool:
    if phone.devices:
        return any(said in (state, "RINGINUSE") for said in phone.devices.values())
    return phone.hint is not None and phone.hint > 0 and bool(phone.hint & bit)


def _in_use(phone: Phone) -> bool:
    if phone.devices:
        return any(said in IN_USE for said in phone.devices.values())
    return phone.hint is not None and phone.hint > 0 and phone.hint != HINT_AWAY


def peer_of(switch: Switch, story: Story, channel: Channel) -> str | None:
    """With whom this channel talks, rings or waits: an extension or a number."""
    company = switch.across(channel)
    ring = channel.ring
    if not company and isinstance(ring, Ring) and ring.dialer is not None:
        dialer = ring.dialer
        company = [dialer] if dialer.person else switch.across(dialer)
    if company:
        return _called(story, company[0])
    if channel is not story.root and story.root.uniqueid in story.live and story.root.person:
        return _called(story, story.root)
    others = [other for other in story.live.values() if other.person and other is not channel]
    return next((_called(story, other) for other in others if _rings_or_talks(other)), None)


def _called(story: Story, other: Channel) -> str | None:
    if other.extension is not None:
        return other.extension
    ring = other.ring
    if isinstance(ring, Ring) and ring.number:
        return ring.number
    return (story.told.caller.number if story.told is not None else None) if other is story.root else None


def _rings_or_talks(channel: Channel) -> bool:
    ring = channel.ring
    return isinstance(ring, Ring) and ring.shown and (ring.connected or (ring.open and ring.rang))
