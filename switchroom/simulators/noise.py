"""What a real Asterisk says besides: VarSet, Newexten, CEL and TestEvent, about two thirds of its stream.

A client must live with it; with `Silence` in its place streams are short enough to read.
"""

from typing import TYPE_CHECKING

from switchroom.simulators.channels import Bridge, Channel, Headers

if TYPE_CHECKING:
    from switchroom.simulators.switch import Switch

_STATISTICS = ("RTPAUDIOQOS", "RTPAUDIOQOSJITTER", "RTPAUDIOQOSLOSS", "RTPAUDIOQOSRTT", "RTPAUDIOQOSMES")
_QUALITY = (
    "ssrc=550401144;themssrc=979087039;lp=0;rxjitter=0.000000;rxcount=266;txjitter=0.000375;txcount=151;"
    "rlp=0;rtt=0.000000;rxmes=0.000000;txmes=0.000000"
)


class Silence:
    """Says nothing."""

    def opened(self, channel: Channel) -> None:
        """A channel was made."""

    def entered_plan(self, channel: Channel) -> None:
        """A channel began to run the dialplan."""

    def answered(self, channel: Channel) -> None:
        """A channel is up."""

    def entered(self, channel: Channel, bridge: Bridge) -> None:
        """A channel entered a bridge."""

    def left(self, channel: Channel, bridge: Bridge) -> None:
        """A channel left a bridge."""

    def closed(self, channel: Channel, cause: int) -> None:
        """A channel is gone."""


class Noise(Silence):
    """Says what Asterisk 22 with CEL, CDR and test framework says, in the same amounts."""

    def __init__(self, switch: "Switch") -> None:
        self._switch = switch

    def opened(self, channel: Channel) -> None:
        self._cel(channel, "CHAN_START")
        self._test([("State", "RTP_PORT_ALLOCATED"), *_source("res_rtp_asterisk.c"), ("Port", "21500")])
        call = [("State", "CallIDChange"), ("Channel", channel.name), ("CallID", "[C-00000005]")]
        self._test([("State", "CallIDChange"), *_source("channel_internal_api.c"), *call, ("PriorCallID", "")])
        self._set(channel, SIPDOMAIN="127.0.0.1", CALL_KIND="phone")

    def entered_plan(self, channel: Channel) -> None:
        recording = f"{channel.uniqueid}.wav"
        self._step(channel, "Set", f"__DID={channel.exten}")
        self._set(channel, __DID=channel.exten)
        self._step(channel, "Gosub", "sub-rec,s,1")
        self._set(channel, **{"LOCAL(ARGC)": "0"}, CALL_ID=channel.uniqueid, RECFILE=recording)
        self._set(channel, MIXMONITOR_FILENAME=f"/var/spool/asterisk/monitor/{recording}")
        self._step(channel, "MixMonitor", f"{recording},b")
        self._switch.emit("MixMonitorStart", channel.snapshot())
        self._step(channel, "Return", "")
        self._set(channel, ARGC="", GOSUB_RETVAL="", ANSWEREDTIME="", DIALEDTIME="", QUEUEWAIT="")
        self._cel(channel, "APP_START")

    def answered(self, channel: Channel) -> None:
        self._cel(channel, "ANSWER")

    def entered(self, channel: Channel, bridge: Bridge) -> None:
        self._cel(channel, "BRIDGE_ENTER", f'{{"bridge_id":"{bridge.uniqueid}"}}')
        if (peer := bridge.peer(channel)) is not None:
            self._set(channel, BRIDGEPEER=peer.name, BRIDGEPVTCALLID="9jkbrza98qtqmrtx@127.0.0.2")
            self._set(peer, BRIDGEPEER=channel.name, BRIDGEPVTCALLID="f080183a-2d41-47ad-9c90-9d2e699b2d10")

    def left(self, channel: Channel, bridge: Bridge) -> None:
        self._set(channel, BRIDGEPEER="", BRIDGEPVTCALLID="")
        self._cel(channel, "BRIDGE_EXIT", f'{{"bridge_id":"{bridge.uniqueid}"}}')
        self._set(channel, **dict.fromkeys(_STATISTICS, _QUALITY))
        if channel.pbx:
            self._set(channel, **{f"{name}BRIDGED": _QUALITY for name in _STATISTICS})

    def closed(self, channel: Channel, cause: int) -> None:
        if channel.pbx:
            self._set(channel, ANSWEREDTIME="3", ANSWEREDTIME_MS="3003", DIALEDTIME="5", DIALEDTIME_MS="5309")
            self._step(channel, "NoOp", "hangup")
            self._cel(channel, "APP_END")
        self._cel(channel, "HANGUP", f'{{"hangupcause":{cause},"hangupsource":"","dialstatus":""}}')
        self._cel(channel, "CHAN_END")
        if channel.pbx:
            self._cel(channel, "LINKEDID_END")
            self._cdr(channel)
            self._test([("State", "MIXMONITOR_END"), *_source("app_mixmonitor.c"), ("File", channel.uniqueid)])

    def _set(self, channel: Channel, **variables: str) -> None:
        for name, value in variables.items():
            channel.variables[name] = value
            facts = [("Variable", name), ("Value", value)]
            self._switch.emit("VarSet", channel.snapshot(), facts, privilege="dialplan,all")

    def _step(self, channel: Channel, application: str, data: str) -> None:
        facts = [("Extension", channel.exten), ("Application", application), ("AppData", data)]
        self._switch.emit("Newexten", channel.snapshot(), facts, privilege="dialplan,all")

    def _test(self, facts: Headers) -> None:
        self._switch.emit("TestEvent", [("Type", "StateChange"), *facts], privilege="reporting,all")

    def _cel(self, channel: Channel, name: str, extra: str = "") -> None:
        facts = [
            ("EventName", name),
            ("AccountCode", ""),
            ("CallerIDnum", channel.number),
            ("CallerIDname", channel.caller_name),
            ("CallerIDani", channel.number),
            ("CallerIDrdnis", ""),
            ("CallerIDdnid", channel.exten),
            ("Exten", channel.exten),
            ("Context", channel.context),
            ("Channel", channel.name),
            ("Application", channel.application),
            ("AppData", channel.data),
            ("EventTime", f"{self._switch.clock.at():%Y-%m-%d %H:%M:%S}"),
            ("AMAFlags", "DOCUMENTATION"),
            ("UniqueID", channel.uniqueid),
            ("LinkedID", channel.linkedid),
            *[(name, "") for name in ("Userfield", "Peer", "PeerAccount")],
            ("Extra", extra),
        ]
        self._switch.emit("CEL", facts)

    def _cdr(self, channel: Channel) -> None:
        ended = f"{self._switch.clock.at():%Y-%m-%d %H:%M:%S}"
        facts = [
            ("AccountCode", ""),
            ("Source", channel.number),
            ("Destination", channel.exten),
            ("DestinationContext", channel.context),
            ("CallerID", f'"{channel.caller_name}" <{channel.number}>'),
            ("Channel", channel.name),
            ("DestinationChannel", ""),
            ("LastApplication", channel.application),
            ("LastData", channel.data),
            *[(name, ended) for name in ("StartTime", "AnswerTime", "EndTime")],
            ("Duration", str(int(self._switch.clock.now - channel.created))),
            ("BillableSeconds", "0"),
            ("Disposition", "ANSWERED"),
            ("AMAFlags", "DOCUMENTATION"),
            ("UniqueID", channel.uniqueid),
            ("UserField", ""),
        ]
        self._switch.emit("Cdr", facts, privilege="cdr,all")


def _source(file: str) -> Headers:
    return [("AppFile", file), ("AppFunction", "simulated"), ("AppLine", "1")]
