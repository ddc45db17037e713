"""Who takes calls of a queue: pause, add and remove members over AMI."""

from typing import TYPE_CHECKING

from switchroom.simulators.managers import Action, Refused
from switchroom.simulators.queues import Member

if TYPE_CHECKING:
    from switchroom.simulators.session import AmiSession


def _members(session: "AmiSession", action: Action) -> list[tuple[str, Member]]:
    interface, only = action.get("interface"), action.get("queue")
    queues = session.pbx.switch.queues
    return [
        (queue.name, member)
        for queue in queues.values()
        if (not only or queue.name == only) and (member := queue.member(interface)) is not None
    ]


def _tell_member(session: "AmiSession", event: str, queue: str, member: Member) -> None:
    switch = session.pbx.switch
    device = switch.devices.get(member.interface)
    switch.emit(event, switch.queues[queue].member_headers(member, device), privilege="agent,all")


def pause(session: "AmiSession", action: Action) -> None:
    """Pause or unpause a member, in one queue or in all."""
    found = _members(session, action)
    if not found:
        raise Refused("Interface not found")
    paused = action.get("paused").lower() in ("true", "yes", "1", "on")
    for queue, member in found:
        member.paused, member.reason = paused, action.get("reason") if paused else ""
        member.last_pause = int(session.pbx.clock.seconds())
        _tell_member(session, "QueueMemberPause", queue, member)
    session.done(action, f"Interface {'paused' if paused else 'unpaused'} successfully")


def add(session: "AmiSession", action: Action) -> None:
    """Let a phone take calls of a queue."""
    queue = session.pbx.switch.queues.get(action.get("queue"))
    if queue is None:
        raise Refused("Unable to add interface to queue: No such queue")
    if queue.member(action.get("interface")) is not None:
        raise Refused("Unable to add interface: Already there")
    name = action.get("membername") or action.get("interface")
    logged_in = int(session.pbx.clock.seconds())
    member = Member(interface=action.get("interface"), name=name, logged_in=logged_in, dynamic=True)
    member.paused = action.get("paused").lower() in ("true", "yes", "1")
    queue.members.append(member)
    _tell_member(session, "QueueMemberAdded", queue.name, member)
    session.done(action, "Added interface to queue")


def remove(session: "AmiSession", action: Action) -> None:
    """Take a phone out of a queue."""
    found = _members(session, action)
    if not found:
        raise Refused("Unable to remove interface from queue: Not there")
    for queue, member in found:
        session.pbx.switch.queues[queue].members.remove(member)
        _tell_member(session, "QueueMemberRemoved", queue, member)
    session.done(action, "Removed interface from queue")
