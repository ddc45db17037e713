"""Queues of the simulated PBX: who waits, whom they ring, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchroom.simulators.channels import Channel, Headers
from switchroom.simulators.clock import Timer

if TYPE_CHECKING:
    from switchroom.simulators.dialing import Dialing
    from switchroom.simulators.switch import Device, Switch

STATES = {
    "NOT_INUSE": 1,
    "INUSE": 2,
    "BUSY": 3,
    "UNAVAILABLE": 5,
    "RINGING": 6,
    "RINGINUSE": 7,
    "ONHOLD": 8,
}


@dataclass(slots=True, kw_only=True)
class Member:
    """A phone that takes calls of a queue."""

    interface: str
    name: str
    logged_in: int
    dynamic: bool = False
    taken: int = 0
    last_call: int = 0
    last_pause: int = 0
    in_call: bool = False
    paused: bool = False
    reason: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Waiting:
    """A caller in a queue, from joining to leaving; `answered` is the member's channel."""

    queue: "Queue"
    channel: Channel
    joined: float
    rang: float = 0.0
    place: int = 1
    answered: Channel | None = None
    answered_at: float = 0.0
    dialing: "Dialing | None" = None
    timers: list[Timer] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Queue:
    """A queue: strategy `rrmemory` rings one member after the other, `ringall` all who are free."""

    name: str
    strategy: str
    members: list[Member] = field(default_factory=list)
    ring_seconds: float = 15.0
    retry_seconds: float = 1.0
    max_wait: float = 120.0
    entries: list[Waiting] = field(default_factory=list)
    completed: int = 0
    abandoned: int = 0
    last_rung: str = ""

    def member(self, interface: str) -> Member | None:
        """The member with this interface, or None."""
        return next((member for member in self.members if member.interface == interface), None)

    def member_headers(self, member: Member, device: "Device | None") -> Headers:
        """A member as QueueMemberStatus and its kin show it."""
        return [
            ("Queue", self.name),
            ("MemberName", member.name),
            ("Interface", member.interface),
            ("StateInterface", member.interface),
            *member_facts(member, device),
            ("Ringinuse", "0"),
            ("Wrapuptime", "0"),
        ]


def member_facts(member: Member, device: "Device | None") -> Headers:
    """The headers that events about a member and the list of members share."""
    return [
        ("Membership", "dynamic" if member.dynamic else "static"),
        ("Penalty", "0"),
        ("CallsTaken", str(member.taken)),
        ("LastCall", str(member.last_call)),
        ("LastPause", str(member.last_pause)),
        ("LoginTime", str(member.logged_in)),
        ("InCall", str(int(member.in_call))),
        ("Status", str(STATES[device.told] if device else 4)),
        ("Paused", str(int(member.paused))),
        ("PausedReason", member.reason),
    ]


def member_headers(waiting: Waiting, interface: str) -> Headers:
    """Queue, interface and name, as the Agent events end with."""
    member = waiting.queue.member(interface)
    name = member.name if member else interface
    return [("Queue", waiting.queue.name), ("Interface", interface), ("MemberName", name)]


def agent_event(switch: "Switch", name: str, waiting: Waiting, agent: Channel, *tail: tuple[str, str]) -> None:
    """An event about a caller and the member that is rung, or talks to him."""
    parts = waiting.channel.snapshot(), agent.snapshot("Dest"), member_headers(waiting, agent.endpoint)
    switch.emit(name, *parts, list(tail), privilege="agent,all")


def connected(switch: "Switch", waiting: Waiting, agent: Channel) -> None:
    """A member answered: the caller leaves the queue for him."""
    waiting.answered, waiting.answered_at = agent, switch.clock.now
    agent.served = waiting
    switch.emit("MusicOnHoldStop", waiting.channel.snapshot())
    leave(switch, waiting)
    if (member := waiting.queue.member(agent.endpoint)) is not None:
        member.in_call = True
    hold, ring = round(switch.clock.now - waiting.joined), round(switch.clock.now - waiting.rang)
    agent_event(switch, "AgentConnect", waiting, agent, ("HoldTime", str(hold)), ("RingTime", str(ring)))


def leave(switch: "Switch", waiting: Waiting) -> None:
    """The caller is no longer in the queue, whatever the reason."""
    for timer in waiting.timers:
        timer.cancel()
    queue, channel = waiting.queue, waiting.channel
    place = str(queue.entries.index(waiting) + 1)
    queue.entries.remove(waiting)
    channel.waiting = None
    if not queue.entries:
        switch.emit("DeviceStateChange", [("Device", f"Queue:{queue.name}"), ("State", "NOT_INUSE")])
    counts = [("Queue", queue.name), ("Position", place), ("Count", str(len(queue.entries)))]
    switch.emit("QueueCallerLeave", channel.snapshot(), counts, privilege="agent,all")


def abandon(switch: "Switch", waiting: Waiting) -> None:
    """The caller hung up while waiting."""
    waiting.queue.abandoned += 1
    switch.emit("MusicOnHoldStop", waiting.channel.snapshot())
    facts = [
        ("Queue", waiting.queue.name),
        ("Position", str(waiting.queue.entries.index(waiting) + 1)),
        ("OriginalPosition", str(waiting.place)),
        ("HoldTime", str(round(switch.clock.now - waiting.joined))),
    ]
    switch.emit("QueueCallerAbandon", waiting.channel.snapshot(), facts, privilege="agent,all")
    leave(switch, waiting)


def completed(switch: "Switch", waiting: Waiting, agent: Channel, reason: str) -> None:
    """The talk with the member is over. `reason` is `caller`, `agent` or `transfer`."""
    waiting.answered = None
    agent.served = None
    waiting.queue.completed += 1
    if (member := waiting.queue.member(agent.endpoint)) is not None:
        member.taken += 1
        member.in_call = False
        member.last_call = int(switch.clock.seconds())
    facts: Sequence[tuple[str, str]] = (
        ("HoldTime", str(round(waiting.answered_at - waiting.joined))),
        ("TalkTime", str(round(switch.clock.now - waiting.answered_at))),
        ("Reason", reason),
    )
    agent_event(switch, "AgentComplete", waiting, agent, *facts)


def end_service(switch: "Switch", channel: Channel, peer: Channel | None, reason: str = "") -> None:
    """Where a queue had brought the two together, its part of the call is over."""
    for side, who in ((channel, "agent"), (peer, "caller")):
        if side is not None and side.served is not None:
            completed(switch, side.served, side, reason or who)
