"""The AMI actions of the simulated PBX: what each answers, and does, as Asterisk 22 does."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from switchroom.simulators import commands, lists, membership
from switchroom.simulators.channels import UP, Channel, Headers, encode
from switchroom.simulators.consulting import abort, begin, hang_up, three_way
from switchroom.simulators.dialplan import press
from switchroom.simulators.managers import Action, Refused
from switchroom.simulators.originating import Order, caller_id, originate
from switchroom.simulators.phones import Absent
from switchroom.simulators.transfers import blind, park, redirect

if TYPE_CHECKING:
    from switchroom.simulators.session import AmiSession

THREE_WAY = "*3"
"""`atxferthreeway` of features.conf, as Asterisk ships it."""

Do = Callable[["AmiSession", Action], None]


def perform(session: "AmiSession", action: Action) -> None:
    """Do what a client asks, if it may."""
    if action.name in ("login", "challenge", "logoff"):
        {"login": _login, "challenge": _challenge, "logoff": _logoff}[action.name](session, action)
        return
    known = TABLE.get(action.name)
    if session.manager is None or (known and known[1] and not known[1] & session.manager.write):
        session.reply("Error", [("Message", "Permission denied")], action)
        return
    if known is None:
        text = f"Invalid/unknown command: {action.get('action')}. Use Action: ListCommands to show available commands."
        session.reply("Error", [("Message", text)], action)
        return
    try:
        known[0](session, action)
    except (Refused, Absent) as refused:
        session.reply("Error", [("Message", str(refused))], action)


def _channel(session: "AmiSession", action: Action, header: str = "channel") -> Channel:
    name = action.get(header)
    if not name:
        raise Refused("Channel not specified")
    channel = session.pbx.switch.channels.get(name)
    if channel is None:
        raise Refused("No such channel")
    return channel


def _challenge(session: "AmiSession", action: Action) -> None:
    if action.get("authtype").lower() != "md5":
        session.reply("Error", [("Message", "Must specify AuthType")], action)
        return
    session.challenge = str(session.pbx.switch.random.randrange(10**8, 10**9))
    session.reply("Success", [("Challenge", session.challenge)], action)


def _login(session: "AmiSession", action: Action) -> None:
    if not session.log_in(action):
        session.reply("Error", [("Message", "Authentication failed")], action)
        session.end()
        return
    session.events = action.get("events", "on").lower() not in ("off", "no")
    session.reply("Success", [("Message", "Authentication accepted")], action)
    lists.fully_booted(session)
    lists.tell_authenticated(session)


def _logoff(session: "AmiSession", action: Action) -> None:
    session.reply("Goodbye", [("Message", "Thanks for all the fish.")], action)
    session.end()


def _ping(session: "AmiSession", action: Action) -> None:
    session.reply("Success", [("Ping", "Pong"), ("Timestamp", session.pbx.clock.timestamp())], action)


def _events(session: "AmiSession", action: Action) -> None:
    session.events = action.get("eventmask").lower() not in ("off", "")
    session.reply("Success", [("Events", "On" if session.events else "Off")], action)


def _filter(session: "AmiSession", action: Action) -> None:
    criteria = action.get("matchcriteria")
    expression = action.get("filter")
    if criteria:
        name = re.search(r"name\(([^)]*)\)", criteria)
        excluded = "action(exclude)" in criteria
        expression = ("!" if excluded else "") + (f"^Event: {name[1]}\r" if name else expression)
    if not expression:
        raise Refused("Filter not specified")
    session.filter(expression)
    session.done(action, "Filter added successfully")


def _hangup(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    session.done(action, "Channel Hungup")
    hang_up(session.pbx.switch, channel, asked=False)


def _redirect(session: "AmiSession", action: Action) -> None:
    switch = session.pbx.switch
    channel = _channel(session, action)
    extra = switch.channels.get(action.get("extrachannel"))
    if not action.get("exten"):
        raise Refused("Exten not specified")
    session.done(action, "Redirect successful")
    redirect(switch, channel, action.get("exten"), action.get("context", "from-internal"), extra)


def _blind_transfer(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    exten, context = action.get("exten"), action.get("context", "from-internal")
    if not exten:
        raise Refused("No extension specified")
    if channel.bridge is None or channel.bridge.peer(channel) is None:
        raise Refused("Transfer failed")
    session.done(action, "Transfer succeeded")
    blind(session.pbx.switch, channel, exten, context)


def _atxfer(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    if not action.get("exten"):
        raise Refused("No extension specified")
    session.done(action, "Atxfer successfully queued")
    begin(session.pbx.switch, channel, action.get("exten"), action.get("context", "from-internal"))


def _cancel_atxfer(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    session.done(action, "CancelAtxfer successfully queued")
    abort(session.pbx.switch, channel)


def _park(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    session.done(action, "Park successful")
    park(session.pbx.switch, channel)


def _play_dtmf(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    direction = "Sent" if action.get("receive").lower() != "true" else "Received"
    session.done(action, "DTMF successfully queued")
    for digit in action.get("digit"):
        press(session.pbx.switch, channel, digit, direction)
    if direction == "Received":
        _type(session, channel, action.get("digit"))


def _type(session: "AmiSession", channel: Channel, digits: str) -> None:
    """Feature codes that are typed while a transferer asks somebody."""
    channel.typed = (channel.typed + digits)[-len(THREE_WAY) :]
    if channel.typed == THREE_WAY and channel.consulting is not None:
        three_way(session.pbx.switch, channel)


def _mute(session: "AmiSession", action: Action) -> None:
    _channel(session, action)
    session.reply("Success", [], action)


def _mix_monitor(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    session.reply("Success", [("MixMonitorID", "0x7f0000001000")], action)
    session.pbx.switch.emit("MixMonitorStart", channel.snapshot())


def _stop_mix_monitor(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    session.reply("Success", [], action)
    session.pbx.switch.emit("MixMonitorStop", channel.snapshot())


def _mix_monitor_mute(session: "AmiSession", action: Action) -> None:
    channel = _channel(session, action)
    facts = [("Direction", action.get("direction")), ("State", action.get("state"))]
    session.reply("Success", [], action)
    session.pbx.switch.emit("MixMonitorMute", channel.snapshot(), facts)


def _notify(session: "AmiSession", action: Action) -> None:
    """`Event: talk` lets a phone answer, `hold` presses its hold key: what desk phones understand."""
    endpoint = action.get("endpoint")
    if not endpoint and (channel := session.pbx.switch.channels.get(action.get("channel"))):
        endpoint = channel.endpoint.partition("/")[2]
    phone = session.pbx.phones.get(endpoint)
    if phone is None or not phone.device.registered:
        raise Refused(f"Unable to retrieve endpoint {endpoint}")
    session.done(action, "NOTIFY sent")
    wanted = {value.partition("=")[0].lower(): value.partition("=")[2] for value in action.all("variable")}
    wish = wanted.get("event", "").lower()
    if wish == "talk" and phone.ringing():
        phone.answer()
    elif wish == "talk" and phone.holding():
        phone.resume()
    elif wish == "hold" and any(channel.state == UP for channel in phone.channels):
        phone.toggle_hold()


def _originate(session: "AmiSession", action: Action) -> None:
    number, name = caller_id(action.get("callerid"))
    order = Order(
        endpoint=action.get("channel"),
        context=action.get("context", "from-internal"),
        exten=action.get("exten"),
        application=action.get("application"),
        data=action.get("data"),
        number=number,
        name=name,
        seconds=float(action.get("timeout") or 30000) / 1000,
        uniqueid=action.get("channelid"),
        action_id=action.get("actionid"),
        waits=action.get("async").lower() not in ("true", "yes", "1"),
        variables=_variables(action),
    )
    if not order.endpoint:
        raise Refused("Channel not specified")
    if not order.exten and not order.application:
        raise Refused("Originate failed: no Exten and no Application")
    if order.waits:
        originate(session.pbx.switch, order, lambda leg, _: _originated(session, action, leg))
    else:
        session.done(action, "Originate successfully queued")
        originate(session.pbx.switch, order)


def _originated(session: "AmiSession", action: Action, leg: Channel | None) -> None:
    message = "Originate successfully queued" if leg else "Originate failed"
    session.reply("Success" if leg else "Error", [("Message", message)], action)


def _variables(action: Action) -> dict[str, str]:
    pairs = [pair.partition("=") for value in action.all("variable") for pair in value.split(",")]
    return {name.lstrip("_"): value for name, _, value in pairs}


def _list_commands(session: "AmiSession", action: Action) -> None:
    rights = session.manager.write if session.manager else frozenset()
    allowed = [(name, needs) for name, (_, needs) in sorted(TABLE.items()) if not needs or needs & rights]
    headers: Headers = [(NAMES[name], f"Simulated  (Priv: {','.join(needs) or '<none>'})") for name, needs in allowed]
    session.write(encode([("Response", "Success"), ("ActionID", action.get("actionid")), *headers]))


def _rights(*names: str) -> frozenset[str]:
    return frozenset(names)


_CALL, _SYSTEM, _AGENT = _rights("call"), _rights("system"), _rights("agent")
_WATCH, _STATE = _rights("system", "reporting"), _rights("call", "reporting")
_ACTIONS: dict[str, tuple[Do, frozenset[str]]] = {
    "Ping": (_ping, _rights()),
    "Events": (_events, _rights()),
    "Filter": (_filter, _SYSTEM),
    "ListCommands": (_list_commands, _rights()),
    "Hangup": (_hangup, _rights("system", "call")),
    "Redirect": (_redirect, _CALL),
    "BlindTransfer": (_blind_transfer, _CALL),
    "Atxfer": (_atxfer, _CALL),
    "CancelAtxfer": (_cancel_atxfer, _CALL),
    "Park": (_park, _CALL),
    "PlayDTMF": (_play_dtmf, _CALL),
    "MuteAudio": (_mute, _SYSTEM),
    "MixMonitor": (_mix_monitor, _SYSTEM),
    "StopMixMonitor": (_stop_mix_monitor, _rights("system", "call")),
    "MixMonitorMute": (_mix_monitor_mute, _rights("system", "call")),
    "PJSIPNotify": (_notify, _SYSTEM),
    "Originate": (_originate, _rights("originate")),
    "QueuePause": (membership.pause, _AGENT),
    "QueueAdd": (membership.add, _AGENT),
    "QueueRemove": (membership.remove, _AGENT),
    "CoreSettings": (lists.core_settings, _WATCH),
    "CoreStatus": (lists.core_status, _WATCH),
    "CoreShowChannels": (lists.core_show_channels, _WATCH),
    "Status": (lists.status, _rights("system", "call", "reporting")),
    "BridgeList": (lists.bridge_list, _rights()),
    "QueueStatus": (lists.queue_status, _rights()),
    "QueueSummary": (lists.queue_summary, _rights()),
    "DeviceStateList": (lists.device_state_list, _STATE),
    "ExtensionStateList": (lists.extension_state_list, _STATE),
    "ExtensionState": (lists.extension_state, _STATE),
    "PJSIPShowEndpoints": (lists.show_endpoints, _SYSTEM),
    "ParkedCalls": (lists.parked_calls, _rights()),
    "Getvar": (commands.get_variable, _STATE),
    "Setvar": (commands.set_variable, _CALL),
    "DBGet": (commands.database_get, _WATCH),
    "DBPut": (commands.database_put, _SYSTEM),
    "Command": (commands.command, _rights("command")),
}
NAMES = {name.lower(): name for name in _ACTIONS}
TABLE = {name.lower(): entry for name, entry in _ACTIONS.items()}
