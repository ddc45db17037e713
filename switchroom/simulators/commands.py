"""Variables, the small database and a few console commands of the simulated PBX."""

from typing import TYPE_CHECKING

from switchroom.simulators.channels import Headers
from switchroom.simulators.managers import Action

if TYPE_CHECKING:
    from switchroom.simulators.session import AmiSession

_GLOBALS = {"CHANNEL(state)": "Up", "CDR(dst)": ""}


def get_variable(session: "AmiSession", action: Action) -> None:
    """The value of a channel's variable, empty where it has none."""
    name = action.get("variable")
    channel = session.pbx.switch.channels.get(action.get("channel"))
    if action.get("channel") and channel is None:
        session.reply("Error", [("Message", "No such channel")], action)
        return
    known = channel.variables if channel else _GLOBALS
    session.reply("Success", [("Variable", name), ("Value", known.get(name, ""))], action)


def set_variable(session: "AmiSession", action: Action) -> None:
    """Set a channel's variable."""
    channel = session.pbx.switch.channels.get(action.get("channel"))
    if channel is None:
        session.reply("Error", [("Message", "No such channel")], action)
        return
    name, value = action.get("variable"), action.get("value")
    channel.variables[name] = value
    session.reply("Success", [("Message", "Variable Set")], action)
    facts = [("Variable", name), ("Value", value)]
    session.pbx.switch.emit("VarSet", channel.snapshot(), facts, privilege="dialplan,all")


def database_get(session: "AmiSession", action: Action) -> None:
    """One entry of the PBX's database."""
    family, key = action.get("family"), action.get("key")
    value = session.pbx.switch.database.get((family, key))
    if value is None:
        session.reply("Error", [("Message", "Database entry not found")], action)
        return
    session.reply("Success", [("EventList", "start"), ("Message", "Result will follow")], action)
    session.list_item(action, "DBGetResponse", [("Family", family), ("Key", key), ("Val", value)])
    session.list_item(action, "DBGetComplete", [("EventList", "Complete"), ("ListItems", "1")])


def database_put(session: "AmiSession", action: Action) -> None:
    """Write one entry; `DND` of an extension is the do-not-disturb switch, as on FreePBX."""
    family, key, value = action.get("family"), action.get("key"), action.get("val")
    session.pbx.switch.database[family, key] = value
    session.reply("Success", [("Message", "Updated database successfully")], action)
    if family == "DND" and key in session.pbx.phones:
        session.pbx.phones[key].disturb(allowed=not value)


def command(session: "AmiSession", action: Action) -> None:
    """A console command: a few are known."""
    text = " ".join(action.get("command").split())
    known = {"core show version": _version, "core show hints": _hints, "core show uptime": _uptime}
    if text not in known:
        message = [("Message", "Command output follows")]
        missing = f"No such command '{text}' (type 'core show help {text}' for other possible commands)"
        session.reply("Error", [*message, ("Output", missing)], action)
        return
    output: Headers = [("Output", line) for line in known[text](session)]
    session.reply("Success", [("Message", "Command output follows"), *output], action)


def _version(session: "AmiSession") -> list[str]:
    return [f"Asterisk {session.pbx.version} built by nobody @ simulator on a simulated machine"]


def _uptime(session: "AmiSession") -> list[str]:
    return [f"System uptime: {int(session.pbx.clock.seconds() - session.pbx.started)} seconds"]


def _hints(session: "AmiSession") -> list[str]:
    switch = session.pbx.switch
    lines = ["", "    -= Registered Asterisk Dial Plan Hints =-"]
    for device in switch.devices.values():
        if device.extension:
            facts = dict(switch.hint(device))
            place = f"{device.extension}@from-internal"
            lines.append(f"{place:<20}: {facts['Hint']:<36}  State:{facts['StatusText']:<15} Watchers  0")
    return [*lines, "----------------", f"- {len(lines) - 2} hints registered"]
