"""What the simulated PBX tells about its state: the answers that are lists."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from switchroom.simulators.channels import Headers, encode
from switchroom.simulators.managers import Action
from switchroom.simulators.queues import STATES, Queue, member_facts
from switchroom.simulators.transfers import parked_headers

if TYPE_CHECKING:
    from switchroom.simulators.session import AmiSession

DEVICE_TEXTS = {
    "NOT_INUSE": "Not in use",
    "INUSE": "In use",
    "UNAVAILABLE": "Unavailable",
    "RINGING": "Ringing",
    "RINGINUSE": "Ring+Inuse",
    "ONHOLD": "On Hold",
}


def fully_booted(session: "AmiSession") -> None:
    """The event after a log-in: ask now."""
    pbx = session.pbx
    uptime = str(int(pbx.clock.seconds() - pbx.started))
    head = [("Event", "FullyBooted"), ("Privilege", "system,all")]
    body = [("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted")]
    session.write(encode([*head, *body]))


def tell_authenticated(session: "AmiSession") -> None:
    """Everybody with the right to read security hears that somebody logged in."""
    moment = f"{session.pbx.clock.at():%Y-%m-%dT%H:%M:%S.000+0000}"
    facts = [
        ("EventTV", moment),
        ("Severity", "Informational"),
        ("Service", "AMI"),
        ("EventVersion", "1"),
        ("AccountID", session.manager.username if session.manager else ""),
        ("SessionID", "0x7f0000001000"),
        ("LocalAddress", "IPV4/TCP/127.0.0.1/5038"),
        ("RemoteAddress", f"IPV4/TCP/{session.address.replace(':', '/')}"),
        ("UsingPassword", "0"),
        ("SessionTV", moment),
    ]
    session.pbx.switch.emit("SuccessfulAuth", facts, privilege="security,all")


def _list(
    session: "AmiSession",
    action: Action,
    message: str,
    event: str,
    items: Sequence[Headers],
    complete: str,
    *,
    id_last: bool = False,
    tail: Headers | None = None,
) -> None:
    session.reply("Success", [("EventList", "start"), ("Message", message)], action)
    for item in items:
        session.list_item(action, event, item, id_last=id_last)
    session.list_item(action, complete, [("EventList", "Complete"), ("ListItems", str(len(items))), *(tail or [])])


def core_settings(session: "AmiSession", action: Action) -> None:
    """Version and limits."""
    facts = [
        ("AMIversion", "11.0.0"),
        ("AsteriskVersion", session.pbx.version),
        ("SystemName", session.pbx.plan.system),
        ("CoreMaxCalls", "0"),
        ("CoreMaxLoadAvg", "0.000000"),
        *[(name, "") for name in ("CoreRunUser", "CoreRunGroup")],
        ("CoreMaxFilehandles", "0"),
        *[("CoreRealTimeEnabled", "No"), ("CoreCDRenabled", "Yes"), ("CoreHTTPenabled", "No")],
        ("SoundsSearchCustomDir", "No"),
    ]
    session.reply("Success", facts, action)


def core_status(session: "AmiSession", action: Action) -> None:
    """Since when, and how many calls."""
    started = datetime.fromtimestamp(session.pbx.started, UTC)
    day, time = f"{started:%Y-%m-%d}", f"{started:%H:%M:%S}"
    switch = session.pbx.switch
    facts = [("CoreStartupDate", day), ("CoreStartupTime", time), ("CoreReloadDate", day), ("CoreReloadTime", time)]
    counts = [("CoreCurrentCalls", len(switch.channels)), ("CoreProcessedCalls", switch.calls_processed)]
    session.reply("Success", [*facts, *((name, str(count)) for name, count in counts)], action)


def core_show_channels(session: "AmiSession", action: Action) -> None:
    """Every channel that is up."""
    now = session.pbx.clock.now
    items = [
        [
            *channel.snapshot(),
            ("Application", channel.application),
            ("ApplicationData", channel.data),
            ("Duration", _duration(now - channel.created)),
            ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
        ]
        for channel in session.pbx.switch.channels.values()
    ]
    _list(session, action, "Channels will follow", "CoreShowChannel", items, "CoreShowChannelsComplete")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def status(session: "AmiSession", action: Action) -> None:
    """Every channel, or the one asked for, in more detail."""
    wanted = action.get("channel")
    now = session.pbx.clock.now
    items = [
        [
            *channel.snapshot(),
            ("Type", channel.name.partition("/")[0]),
            ("DNID", channel.exten if channel.pbx else ""),
            ("EffectiveConnectedLineNum", channel.connected_number or "<unknown>"),
            ("EffectiveConnectedLineName", channel.connected_name or "<unknown>"),
            ("TimeToHangup", "0"),
            ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""),
            ("Application", channel.application),
            ("Data", channel.data),
            *[("Nativeformats", "(alaw)"), ("Readformat", "alaw"), ("Readtrans", ""), ("Writeformat", "alaw")],
            *[("Writetrans", ""), ("Callgroup", "0"), ("Pickupgroup", "0")],
            ("Seconds", str(int(now - channel.created))),
        ]
        for channel in session.pbx.switch.channels.values()
        if not wanted or channel.name == wanted
    ]
    items = [[("Privilege", "Call"), *item] for item in items]
    tail = [("Items", str(len(items)))]
    _list(session, action, "Channel status will follow", "Status", items, "StatusComplete", id_last=True, tail=tail)


def bridge_list(session: "AmiSession", action: Action) -> None:
    """Every bridge."""
    items = [bridge.snapshot() for bridge in session.pbx.switch.bridges.values()]
    _list(session, action, "Bridge listing will follow", "BridgeListItem", items, "BridgeListComplete")


def queue_status(session: "AmiSession", action: Action) -> None:
    """Queues, their members and who waits."""
    session.reply("Success", [("EventList", "start"), ("Message", "Queue status will follow")], action)
    count = 0
    for queue in _queues(session, action):
        for event, headers in _queue_items(session, queue):
            session.list_item(action, event, headers, id_last=True)
            count += 1
    tail = [("EventList", "Complete"), ("ListItems", str(count))]
    session.list_item(action, "QueueStatusComplete", tail)


def _queues(session: "AmiSession", action: Action) -> list[Queue]:
    wanted = action.get("queue")
    return [queue for queue in session.pbx.switch.queues.values() if not wanted or queue.name == wanted]


def _queue_items(session: "AmiSession", queue: Queue) -> list[tuple[str, Headers]]:
    switch = session.pbx.switch
    items: list[tuple[str, Headers]] = [("QueueParams", _queue_params(queue))]
    for member in queue.members:
        facts = member_facts(member, switch.devices.get(member.interface))
        place = [("Queue", queue.name), ("Name", member.name), ("Location", member.interface)]
        state = [("StateInterface", member.interface)]
        items.append(("QueueMember", [*place, *state, *facts, ("Wrapuptime", "0")]))
    for position, waiting in enumerate(queue.entries, 1):
        channel = waiting.channel
        entry = [
            ("Queue", queue.name),
            ("Position", str(position)),
            ("Channel", channel.name),
            ("Uniqueid", channel.uniqueid),
            ("CallerIDNum", channel.number or "unknown"),
            ("CallerIDName", channel.caller_name or "unknown"),
            ("ConnectedLineNum", channel.connected_number or "unknown"),
            ("ConnectedLineName", channel.connected_name or "unknown"),
            ("Wait", str(int(session.pbx.clock.now - waiting.joined))),
            ("Priority", "0"),
        ]
        items.append(("QueueEntry", entry))
    return items


def _queue_params(queue: Queue) -> Headers:
    return [
        *[("Queue", queue.name), ("Max", "0"), ("Strategy", queue.strategy), ("Calls", str(len(queue.entries)))],
        *[("Holdtime", "0"), ("TalkTime", "0"), ("Completed", str(queue.completed))],
        ("Abandoned", str(queue.abandoned)),
        *[("ServiceLevel", "0"), ("ServicelevelPerf", "0.0"), ("ServicelevelPerf2", "0.0"), ("Weight", "0")],
    ]


def queue_summary(session: "AmiSession", action: Action) -> None:
    """One line a queue."""
    devices = session.pbx.switch.devices
    items: list[Headers] = []
    for queue in _queues(session, action):
        present = [
            member for member in queue.members if STATES[devices[member.interface].told] != STATES["UNAVAILABLE"]
        ]
        free = [member for member in present if not member.paused and devices[member.interface].told == "NOT_INUSE"]
        longest = max((session.pbx.clock.now - waiting.joined for waiting in queue.entries), default=0.0)
        counts = [
            ("LoggedIn", len(present)),
            ("Available", len(free)),
            ("Callers", len(queue.entries)),
            ("HoldTime", 0),
            ("TalkTime", 0),
            ("LongestHoldTime", int(longest)),
        ]
        items.append([("Queue", queue.name), *((name, str(value)) for name, value in counts)])
    _list(session, action, "Queue summary will follow", "QueueSummary", items, "QueueSummaryComplete", id_last=True)


def device_state_list(session: "AmiSession", action: Action) -> None:
    """Every device, the do-not-disturb switches too."""
    switch = session.pbx.switch
    items = [[("Device", device.endpoint), ("State", device.told)] for device in switch.devices.values()]
    for device in switch.devices.values():
        if device.extension:
            state = "BUSY" if device.dnd else "NOT_INUSE"
            items.append([("Device", f"Custom:DND{device.extension}"), ("State", state)])
    message = "Device State Changes will follow"
    _list(session, action, message, "DeviceStateChange", items, "DeviceStateListComplete")


def extension_state_list(session: "AmiSession", action: Action) -> None:
    """Every hint."""
    switch = session.pbx.switch
    items = [switch.hint(device) for device in switch.devices.values() if device.extension]
    message = "Extension Statuses will follow"
    _list(session, action, message, "ExtensionStatus", items, "ExtensionStateListComplete")


def extension_state(session: "AmiSession", action: Action) -> None:
    """One hint."""
    device = session.pbx.switch.devices.get(f"PJSIP/{action.get('exten')}")
    missing = [
        ("Exten", action.get("exten")),
        ("Context", action.get("context")),
        ("Hint", ""),
        ("Status", "-1"),
        ("StatusText", "Unknown"),
    ]
    facts = session.pbx.switch.hint(device) if device and device.extension else missing
    session.reply("Success", [("Message", "Extension Status"), *facts], action)


def show_endpoints(session: "AmiSession", action: Action) -> None:
    """Every PJSIP endpoint."""
    switch = session.pbx.switch
    items: list[Headers] = []
    for device in switch.devices.values():
        name = device.endpoint.partition("/")[2]
        contact = f"{name}/sip:{name}@127.0.0.1:5060," if device.registered else ""
        items.append(
            [
                *[("ObjectType", "endpoint"), ("ObjectName", name), ("Transport", "udp"), ("Aor", name)],
                *[("Auths", name), ("OutboundAuths", ""), ("Contacts", contact)],
                ("DeviceState", DEVICE_TEXTS[device.told]),
                ("ActiveChannels", str(len(switch.of_endpoint(device.endpoint)))),
            ]
        )
    message = "A listing of Endpoints follows, presented as EndpointList events"
    _list(session, action, message, "EndpointList", items, "EndpointListComplete")


def parked_calls(session: "AmiSession", action: Action) -> None:
    """Who is in the parking lot."""
    switch = session.pbx.switch
    items = [
        parked_headers(channel, space, channel.variables.get("PARKER", "")) for space, channel in switch.parked.items()
    ]
    tail = [("Total", str(len(items)))]
    _list(session, action, "Parked calls will follow", "ParkedCall", items, "ParkedCallsComplete", tail=tail)
