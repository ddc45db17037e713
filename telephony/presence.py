"""What every extension is doing: from device states and hints, and above all from our own calls.

Works with device states only, hints only, or none of both. Asterisk shows "hold" on the held party; here it
is on the extension that pressed it.
"""

from datetime import datetime

from domain.presence import PhoneState, Presence
from telephony.channels import Channel, Message
from telephony.endpoints import Endpoints
from telephony.parties import part
from telephony.story import Ring, Story
from telephony.tracker import Tracker

IN_USE = frozenset({"INUSE", "BUSY", "ONHOLD", "RINGINUSE", "RINGING"})
AWAY = frozenset({"UNAVAILABLE", "INVALID"})
HINT_AWAY = 4
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

    __slots__ = ("devices", "dnd", "hint", "told", "used")

    def __init__(self) -> None:
        self.devices: dict[str, str] = {}
        self.dnd = False
        self.hint: int | None = None
        self.used = False
        """It had channels when we last looked."""
        self.told: Presence | None = None


class Board:
    """The presence of all extensions of one PBX."""

    def __init__(self, pbx: str, endpoints: Endpoints, tracker: Tracker) -> None:
        self._pbx = pbx
        self._endpoints = endpoints
        self._tracker = tracker
        self._phones: dict[str, Phone] = {}

    def told(self) -> tuple[Presence, ...]:
        """Everybody's state as last told, by extension."""
        known = [phone.told for _, phone in sorted(self._phones.items())]
        return tuple(presence for presence in known if presence is not None)

    def device(self, ami: Message) -> str | None:
        """A device changed; returns the extension concerned."""
        device, state = ami.get("Device", ""), ami.get("State", "")
        if (extension := self._endpoints.dnd_extension(device)) is not None:
            self._phone(extension).dnd = state in IN_USE
            return extension
        extension = self._extension_of(device)
        if extension is not None:
            self._phone(extension).devices[device] = state
        return extension

    def hint(self, ami: Message) -> str | None:
        """A hint changed; returns the extension concerned."""
        status = ami.get("Status", "")
        devices = [device for device in ami.get("Hint", "").split("&") if device]
        extension = ami.get("Exten") or None
        if devices:
            named = {found for device in devices if (found := self._extension_of(device)) is not None}
            if extension not in named:
                extension = named.pop() if len(named) == 1 else None
        if extension is None or extension[0] in "*#" or not status.lstrip("-").isdigit():
            return None
        phone = self._phone(extension)
        phone.hint = int(status)
        return extension

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
        if before is not None and before.state == state and before.peer == peer:
            return None
        since = before.since if before is not None and before.state == state else at
        phone.told = Presence(pbx=self._pbx, extension=extension, state=state, since=since, peer=peer)
        return before, phone.told

    def _state(self, phone: Phone, channels: list[tuple[Story, Channel]]) -> tuple[PhoneState, str | None]:
        parts = [(seen, story, channel) for story, channel in channels if (seen := part(story, channel))]
        live = {seen for seen, _, _ in parts}
        if not parts and _away(phone):
            return "unavailable", None
        if phone.dnd:
            return "dnd", _peer(parts)
        if "ringing" in live or (not parts and _says(phone, "RINGING", 8)):
            return "ringing", _peer(parts, "ringing")
        if "held" in live:
            return "hold", _peer(parts, "held")
        if "talking" in live:
            return "talking", _peer(parts, "talking")
        if parts or _in_use(phone):
            return "busy", _peer(parts)
        return "idle", None


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


def _peer(parts: list[tuple[str, Story, Channel]], wanted: str | None = None) -> str | None:
    for seen, story, channel in parts:
        if wanted is None or seen == wanted:
            return peer_of(story, channel)
    return None


def peer_of(story: Story, channel: Channel) -> str | None:
    """With whom this channel talks, rings or waits: an extension or a number as it came."""
    for other in story.live.values():
        if other is channel or not other.person:
            continue
        if other.extension is not None and other.extension == channel.extension:
            continue
        ring = other.ring
        if isinstance(ring, Ring) and not ring.own and ring.shown:
            if ring.open and not ring.rang:
                continue
            if not ring.open and not ring.connected:
                continue
            return other.extension or ring.number
        if other is story.root:
            return other.extension or story.caller_number or None
        return other.extension
    return None
