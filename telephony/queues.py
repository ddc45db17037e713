"""What every queue is doing: who waits, since when, and who may be rung for it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.presence import Member, Queue
from telephony.channels import Message
from telephony.endpoints import Endpoints

LISTED = frozenset({"QueueMember", "QueueEntry"})
"""What a list of queues says of one, after its `QueueParams`."""


@dataclass(slots=True)
class Waiting:
    """One queue as Asterisk tells it."""

    name: str
    callers: dict[str, datetime | None] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    in_order: tuple[Member, ...] | None = ()
    """The members by extension, or None where they have changed since."""
    unseen: set[str] = field(default_factory=set)
    """Members and callers that the list being read has not named yet."""
    service_level: float | None = None
    figures: tuple[int, datetime | None, float | None] | None = None
    told: Queue | None = None


class Queues:
    """All queues of one PBX."""

    def __init__(self, pbx: str, endpoints: Endpoints) -> None:
        self._pbx = pbx
        self._endpoints = endpoints
        self._queues: dict[str, Waiting] = {}
        self._listed: Waiting | None = None
        """The queue whose members and callers are being listed: told when the list is over."""

    def told(self) -> tuple[Queue, ...]:
        """Every queue as last told, by name."""
        return tuple(queue.told for _, queue in sorted(self._queues.items()) if queue.told is not None)

    def receive(self, event: str, ami: Message, at: datetime | None) -> list[Queue]:
        """Take one queue event; the queues whose state has changed."""
        name, listed = ami.get("Queue"), self._listed
        changed: list[Queue] = []
        if listed is not None and (event not in LISTED or name != listed.name):
            changed = self._list_is_over(listed)
        if not name:
            return changed
        if (queue := self._queues.get(name)) is None:
            queue = self._queues[name] = Waiting(name)
        self._take(queue, event, ami, at)
        if self._listed is None:
            changed += self._told(queue)
        return changed

    def _take(self, queue: Waiting, event: str, ami: Message, at: datetime | None) -> None:
        uniqueid = ami.get("Uniqueid", "")
        match event:
            case "QueueCallerJoin" | "Join":
                queue.callers[uniqueid] = at
            case "QueueEntry":
                queue.unseen.discard(uniqueid)
                queue.callers.setdefault(uniqueid, _joined(ami, at))
            case "QueueCallerLeave" | "Leave" | "QueueCallerAbandon":
                queue.callers.pop(uniqueid, None)
            case "QueueParams":
                self._params(queue, ami)
            case "QueueMemberRemoved":
                queue.members.pop(_interface(ami), None)
                queue.in_order = None
            case _:
                self._member(queue, ami)

    def hangup(self, uniqueid: str) -> list[Queue]:
        """A caller is gone, whatever the queue said of it."""
        for queue in self._queues.values():
            if uniqueid in queue.callers:
                del queue.callers[uniqueid]
                return self._told(queue)
        return []

    def _params(self, queue: Waiting, ami: Message) -> None:
        queue.unseen = {*queue.callers, *queue.members}
        self._listed = queue
        calls = (ami.get("Completed", ""), ami.get("Abandoned", ""))
        try:
            level = round(float(ami.get("ServicelevelPerf", "")) / 100, 4)
        except ValueError:
            level = None
        queue.service_level = None if calls == ("0", "0") else level

    def _list_is_over(self, queue: Waiting) -> list[Queue]:
        self._listed = None
        for key in queue.unseen:
            queue.callers.pop(key, None)
            if queue.members.pop(key, None) is not None:
                queue.in_order = None
        queue.unseen = set()
        return self._told(queue)

    def _member(self, queue: Waiting, ami: Message) -> None:
        interface = _interface(ami)
        if not interface:
            return
        queue.unseen.discard(interface)
        known = queue.members.get(interface)
        name = ami.get("MemberName") or ami.get("Name") or (known.name if known else "")
        paused = ami.get("Paused", "1" if known and known.paused else "0") == "1"
        reason = (ami.get("PausedReason") or ami.get("Reason") or "") if paused else ""
        if known is not None and known.name == name and known.paused == paused and known.reason == reason:
            return
        extension = known.extension if known is not None else self._extension(ami, interface)
        queue.members[interface] = Member(extension=extension, name=name, paused=paused, reason=reason)
        queue.in_order = None

    def _extension(self, ami: Message, interface: str) -> str:
        for device in (ami.get("StateInterface", ""), interface):
            endpoint = self._endpoints.of_device(device)
            if endpoint.extension is not None and not device.startswith(("Local/", "hint:")):
                return endpoint.extension
        return interface.partition("/")[2].partition("@")[0] or interface

    def _told(self, queue: Waiting) -> list[Queue]:
        since = [joined for joined in queue.callers.values() if joined is not None]
        longest = min(since) if since else None
        last, waiting, level = queue.told, len(queue.callers), queue.service_level
        now = (waiting, longest, level)
        if last is not None and queue.in_order is last.members and now == queue.figures:
            return []
        queue.figures = now
        if queue.in_order is None:
            queue.in_order = tuple(sorted(queue.members.values(), key=_by_extension))
        told = Queue(
            pbx=self._pbx,
            name=queue.name,
            waiting=waiting,
            longest_since=longest,
            service_level=level,
            members=queue.in_order,
        )
        if told == last:
            return []
        queue.told = told
        return [told]


def _by_extension(member: Member) -> str:
    return member.extension


def _interface(ami: Message) -> str:
    return ami.get("Interface") or ami.get("Location") or ""


def _joined(ami: Message, at: datetime | None) -> datetime | None:
    wait = ami.get("Wait", "")
    return at - timedelta(seconds=int(wait)) if at is not None and wait.isdigit() else at
