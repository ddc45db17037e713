"""Channels and bridges of the simulated PBX, and the headers in which AMI shows them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchroom.simulators.dialing import Dialing
    from switchroom.simulators.queues import Waiting

Headers = list[tuple[str, str]]

DOWN, RING, RINGING, UP = 0, 4, 5, 6
STATES = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}
UNKNOWN = "<unknown>"


@dataclass(slots=True, eq=False, kw_only=True)
class Channel:
    """One leg of a call, between the PBX and a phone or the trunk.

    `pbx` says whether it runs a dialplan (the side that called); `holding` that its phone pressed hold;
    `held` that its party hears the music; `twin` is the other half of a Local channel; `consulting`, on the
    channel of a transferer, whom he keeps waiting while he asks somebody else.
    """

    name: str
    uniqueid: str
    linkedid: str
    endpoint: str
    created: float
    state: int = DOWN
    number: str = ""
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    context: str = ""
    exten: str = ""
    priority: int = 1
    application: str = ""
    data: str = ""
    pbx: bool = False
    holding: bool = False
    held: bool = False
    bridge: "Bridge | None" = None
    dialing: "Dialing | None" = None
    dialed_by: "Dialing | None" = None
    waiting: "Waiting | None" = None
    served: "Waiting | None" = None
    twin: "Channel | None" = None
    consulting: "Channel | None" = None
    typed: str = ""
    shown: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    def snapshot(self, prefix: str = "") -> Headers:
        """The block of headers Asterisk writes for a channel, each name with `prefix`."""
        headers = [
            ("Channel", self.name),
            ("ChannelState", str(self.state)),
            ("ChannelStateDesc", STATES[self.state]),
            ("CallerIDNum", self.number or UNKNOWN),
            ("CallerIDName", self.caller_name or UNKNOWN),
            ("ConnectedLineNum", self.connected_number or UNKNOWN),
            ("ConnectedLineName", self.connected_name or UNKNOWN),
            ("Language", "ru"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", str(self.priority)),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
            *(("ChanVariable", f"{name}={self.variables.get(name, '')}") for name in self.shown),
        ]
        return [(prefix + name, value) for name, value in headers] if prefix else headers


@dataclass(slots=True, eq=False, kw_only=True)
class Bridge:
    """A room in which channels hear each other; the parking lot is one too."""

    uniqueid: str
    kind: str = "basic"
    technology: str = "simple_bridge"
    creator: str = UNKNOWN
    name: str = UNKNOWN
    members: list[Channel] = field(default_factory=list)

    def snapshot(self, prefix: str = "") -> Headers:
        """The block of headers Asterisk writes for a bridge, each name with `prefix`."""
        return [
            (f"{prefix}BridgeUniqueid", self.uniqueid),
            (f"{prefix}BridgeType", self.kind),
            (f"{prefix}BridgeTechnology", self.technology),
            (f"{prefix}BridgeCreator", self.creator),
            (f"{prefix}BridgeName", self.name),
            (f"{prefix}BridgeNumChannels", str(len(self.members))),
            (f"{prefix}BridgeVideoSourceMode", "none"),
        ]

    def peer(self, channel: Channel) -> Channel | None:
        """Whom `channel` talks to here, or None when it is alone."""
        return next((member for member in self.members if member is not channel), None)


@dataclass(frozen=True, slots=True)
class Message:
    """One AMI message, rendered once for every client that may read its class."""

    name: str
    classes: frozenset[str]
    data: bytes


def render(name: str, timestamp: str, privilege: str, system: str, headers: Sequence[tuple[str, str]]) -> Message:
    """An event in Asterisk's own order; line breaks in a value become spaces, as no value can hold one."""
    head = [("Event", name), ("Privilege", privilege), ("Timestamp", timestamp), ("SystemName", system)]
    return Message(name, frozenset(privilege.split(",")), encode([*head, *headers]))


def encode(headers: Sequence[tuple[str, str]]) -> bytes:
    """`headers` as they go over the wire, with the empty line that ends a message."""
    lines = [f"{name}: {_one_line(value)}\r\n" for name, value in headers]
    return ("".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ") if "\r" in value or "\n" in value else value
