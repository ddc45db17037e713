"""What Asterisk said: its channels, bridges and Local pairs, as its events tell them.

The lower of the two floors: nothing here knows what a call is.
"""

from telephony.endpoints import Endpoint, Endpoints

Message = dict[str, str]
HOLDING = frozenset({"ConfBridge", "Parking", "BridgeWait", "BridgeHold", "AgentRequest", "AgentPool"})


class Headers:
    """The names under which an event describes one channel: "DestChannel", "DestUniqueid", …"""

    __slots__ = ("channel", "context", "exten", "linkedid", "name", "number", "state", "uniqueid")

    def __init__(self, prefix: str) -> None:
        self.channel = prefix + "Channel"
        self.uniqueid = prefix + "Uniqueid"
        self.linkedid = prefix + "Linkedid"
        self.state = prefix + "ChannelStateDesc"
        self.number = prefix + "CallerIDNum"
        self.name = prefix + "CallerIDName"
        self.exten = prefix + "Exten"
        self.context = prefix + "Context"


PLAIN = Headers("")
DEST = Headers("Dest")


class Bridge:
    """A room channels meet in; `mixing` where those inside talk to each other because of one call."""

    __slots__ = ("members", "mixing", "uniqueid")

    def __init__(self, uniqueid: str, *, mixing: bool) -> None:
        self.uniqueid = uniqueid
        self.mixing = mixing
        self.members: dict[str, Channel] = {}


class Channel:
    """One channel as it stands now."""

    __slots__ = (
        "born",
        "bridge",
        "endpoint",
        "exten",
        "extension",
        "held",
        "linkedid",
        "name",
        "number",
        "other",
        "owner_name",
        "person",
        "ring",
        "rung_in",
        "second_half",
        "side",
        "state",
        "talking",
        "unconfirmed",
        "uniqueid",
    )

    def __init__(self, uniqueid: str, name: str, endpoint: Endpoint) -> None:
        self.uniqueid = uniqueid
        self.becomes(name, endpoint)
        self.linkedid = uniqueid
        self.state = ""
        self.exten = ""
        self.number = ""
        self.born = ""
        """The linkedid of the call it first belonged to."""
        self.owner_name = ""
        self.other: Channel | None = None
        self.bridge: Bridge | None = None
        self.ring: object | None = None
        self.rung_in = False
        """It has been in state Ring: its device called us; an originated one never is."""
        self.side = ""
        """In an originated call: "A" is the caller's own phone and what leads to it, "B" the rest."""
        self.held = False
        self.talking = False
        self.unconfirmed = False

    def becomes(self, name: str, endpoint: Endpoint) -> None:
        self.name = name
        self.endpoint = endpoint
        self.extension = endpoint.extension
        self.person = endpoint.kind in ("inside", "outside")
        """Whether somebody's phone, or the outside world, is at the other end."""
        self.second_half = endpoint.kind == "local" and name.endswith(";2")


class Switch:
    """All channels and bridges of one PBX."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.channels: dict[str, Channel] = {}
        self.by_name: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.by_extension: dict[str, dict[str, Channel]] = {}

    def known(self, ami: Message, headers: Headers = PLAIN) -> Channel | None:
        """The channel an event is about, if we have met it."""
        uniqueid = ami.get(headers.uniqueid)
        if uniqueid:
            return self.channels.get(uniqueid)
        return self.by_name.get(ami.get(headers.channel, ""))

    def meet(self, ami: Message, headers: Headers) -> Channel | None:
        """Make the channel an event describes; None where it does not say which."""
        uniqueid = ami.get(headers.uniqueid, "")
        name = ami.get(headers.channel, "")
        if not uniqueid or not name:
            return None
        channel = Channel(uniqueid, name, self.endpoints.of_channel(name))
        channel.linkedid = ami.get(headers.linkedid) or uniqueid
        channel.state = ami.get(headers.state, "")
        channel.rung_in = channel.state == "Ring"
        channel.exten = ami.get(headers.exten, "")
        channel.number = ami.get(headers.number, "")
        channel.owner_name = ami.get(headers.name, "")
        self.channels[uniqueid] = channel
        self.by_name[name] = channel
        if channel.extension is not None:
            self.by_extension.setdefault(channel.extension, {})[uniqueid] = channel
        elif channel.endpoint.kind == "local":
            self._pair(channel)
        return channel

    def _pair(self, channel: Channel) -> None:
        other = self.by_name.get(channel.name[:-1] + ("2" if channel.name.endswith("1") else "1"))
        if other is not None and other is not channel:
            channel.other, other.other = other, channel

    def rename(self, channel: Channel, name: str) -> None:
        """A masquerade gave the channel another body."""
        self._unlist(channel)
        channel.becomes(name, self.endpoints.of_channel(name))
        self.by_name[name] = channel
        if channel.extension is not None:
            self.by_extension.setdefault(channel.extension, {})[channel.uniqueid] = channel

    def bridge(self, ami: Message) -> Bridge | None:
        """The bridge an event is about; a new one is kept once somebody enters it."""
        uniqueid = ami.get("BridgeUniqueid") or ami.get("BridgeId") or ami.get("BridgeID")
        if not uniqueid:
            return None
        if (bridge := self.bridges.get(uniqueid)) is None:
            bridge = Bridge(uniqueid, mixing=_mixes(ami))
        elif bridge.mixing and "BridgeTechnology" in ami:
            bridge.mixing = _mixes(ami)
        return bridge

    def enter(self, channel: Channel, bridge: Bridge) -> None:
        self.leave(channel)
        channel.bridge = bridge
        bridge.members[channel.uniqueid] = channel
        self.bridges[bridge.uniqueid] = bridge

    def leave(self, channel: Channel) -> None:
        if (bridge := channel.bridge) is None:
            return
        channel.bridge = None
        bridge.members.pop(channel.uniqueid, None)
        if not bridge.members:
            self.bridges.pop(bridge.uniqueid, None)

    def forget(self, channel: Channel) -> None:
        """The channel is gone."""
        self.leave(channel)
        self.channels.pop(channel.uniqueid, None)
        self._unlist(channel)
        if channel.other is not None:
            channel.other.other = None
            channel.other = None

    def _unlist(self, channel: Channel) -> None:
        if self.by_name.get(channel.name) is channel:
            del self.by_name[channel.name]
        if channel.extension is None or (phones := self.by_extension.get(channel.extension)) is None:
            return
        phones.pop(channel.uniqueid, None)
        if not phones:
            del self.by_extension[channel.extension]

    def across(self, channel: Channel) -> list[Channel]:
        """The people `channel` is connected with, through bridges and Local pairs."""
        seen = {channel.uniqueid}
        found: list[Channel] = []
        ahead = [channel]
        while ahead:
            here = ahead.pop()
            bridge = here.bridge
            near = list(bridge.members.values()) if bridge is not None and bridge.mixing else []
            if here.endpoint.kind == "local" and here.other is not None:
                near.append(here.other)
            for channel_near in near:
                if channel_near.uniqueid in seen:
                    continue
                seen.add(channel_near.uniqueid)
                if channel_near.person:
                    found.append(channel_near)
                else:
                    ahead.append(channel_near)
        return found


def _mixes(ami: Message) -> bool:
    return not (
        ami.get("BridgeTechnology", "").startswith("holding")
        or ami.get("BridgeType") in ("parking", "holding")
        or ami.get("BridgeCreator", "") in HOLDING
    )
