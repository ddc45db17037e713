"""What every extension is doing: from device states and hints, and above all from our own calls.

Works with device states only, hints only, or none of both. Asterisk shows "hold" on the held party; here it
is on the extension that pressed it.
"""

from datetime import datetime

from domain.presence import PhoneState, Presence
from telephony.channels import Channel, Message, Switch
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
        if before is not None and before.state == state:
            peer = peer or before.peer
            if before.peer == peer:
                return None
        since = before.since if before is not None and before.state == state else at
        phone.told = Presence(pbx=self._pbx, extension=extension, state=state, since=since, peer=peer)
        return before, phone.told

    def _state(self, phone: Phone, channels: list[tuple[Story, Channel]]) -> tuple[PhoneState, str | None]:
        parts = [(seen, story, channel) for story, channel in channels if (seen := part(story, channel))]
        live = {seen for seen, _, _ in parts}

        def peer(wanted: str | None = None) -> str | None:
            found = [(story, channel) for seen, story, channel in parts if wanted is None or seen == wanted]
            return peer_of(self._tracker.switch, *found[0]) if found else None

        if not parts and _away(phone):
            return "unavailable", None
        if phone.dnd:
            return "dnd", peer()
        if "ringing" in live or (not parts and _says(phone, "RINGING", 8)):
            return "ringing", peer("ringing")
        if "held" in live:
            return "hold", peer("held")
        if "talking" in live:
            return "talking", peer("talking")
        if parts or _in_use(phone):
            return "busy", peer()
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
