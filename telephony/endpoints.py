"""Who is behind a channel's name: an extension, the outside world, or Asterisk's own plumbing."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from config.settings import Pbx

Kind = Literal["inside", "outside", "local", "technical"]

TECHNICAL = frozenset(
    [
        "AsyncGoto",
        "Surrogate",
        "Bridge",
        "Parking",
        "Message",
        "Announcer",
        "Recorder",
        "CBAnn",
        "CBRec",
        "ConfBridgeRecorder",
        "Snoop",
        "UnicastRTP",
        "MulticastRTP",
        "Multicast",
        "AudioSocket",
        "WebSocket",
        "Phase",
        "NBS",
        "Agent",
        "Null",
        "AppDial",
    ]
)
_MASKED = re.compile(r"<(?:ZOMBIE|MASQ)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`name` as the contract shows it ("PJSIP/101"); `extension` only for what is inside."""

    name: str
    kind: Kind
    extension: str | None = None


LOCAL = Endpoint(name="Local/", kind="local")


class Endpoints:
    """Reads channel and device names with the settings of one PBX; remembers what it has read."""

    def __init__(self, pbx: Pbx) -> None:
        self._trunks = pbx.trunks
        self._extensions = pbx.extensions
        self._known: dict[str, Endpoint] = {}
        before, _, after = pbx.dnd.partition("{extension}")
        self._dnd = (before, after)

    def of_channel(self, channel: str) -> Endpoint:
        """The endpoint of a channel's name, "PJSIP/101-0000001c"."""
        name = _MASKED.sub("", channel) if "<" in channel else channel
        if name.startswith("Local/"):
            return LOCAL
        return self.of_device(name.rpartition("-")[0] or name)

    def of_device(self, device: str) -> Endpoint:
        """The endpoint of a device's name, "PJSIP/101"."""
        return self._known.get(device) or self._remember(device)

    def dnd_extension(self, device: str) -> str | None:
        """The extension whose do-not-disturb this device is, or None."""
        before, after = self._dnd
        if not device.startswith(before) or not device.endswith(after) or not before + after:
            return None
        return device[len(before) : len(device) - len(after)] or None

    def is_trunk(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self._trunks)

    def _remember(self, name: str) -> Endpoint:
        if len(self._known) > 65536:
            self._known.clear()
        endpoint = self._known[name] = self._read(name)
        return endpoint

    def _read(self, name: str) -> Endpoint:
        technology, slash, rest = name.partition("/")
        if name in self._extensions:
            return Endpoint(name=name, kind="inside", extension=self._extensions[name])
        if self.is_trunk(name):
            return Endpoint(name=name, kind="outside")
        if not slash or not rest or technology in TECHNICAL:
            return Endpoint(name=name, kind="technical")
        return Endpoint(name=name, kind="inside", extension=rest)
