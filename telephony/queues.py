"""What every queue is doing: who waits, since when, and who may be rung for it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.presence import Member, Queue
from telephony.channels import Message
from telephony.endpoints import Endpoints


@dataclass(slots=True)
class Waiting:
    """One queue as Asterisk tells it."""

    callers: dict[str, datetime | None] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    service_level: float | None = None
    told: Queue | None = None


class Queues:
    """All queues of one PBX."""

    def __init__(self, pbx: str, endpoints: Endpoints) -> None:
        self._pbx = pbx
        self._endpoints = endpoints
        self._queues: dict[str, Waiting] = {}

    def told(self) -> tuple[Queue, ...]:
        """Every queue as last told, by name."""
        return tuple(queue.told for _, queue in sorted(self._queues.items()) if queue.told is not None)

    def receive(self, event: str, ami: Message, at: datetime | None) -> Queue | None:
        """Take one queue event; the queue's new state, or None where nothing that is told changed."""
        name = ami.get("Queue")
        if not name:
            return None
        queue = self._queues.setdefault(name, Waiting())
        match event:
            case "QueueCallerJoin" | "Join":
                queue.callers[ami.get("Uniqueid", "")] = at
            case "QueueEntry":
                queue.callers[ami.get("Uniqueid", "")] = _joined(ami, at)
            case "QueueCallerLeave" | "Leave" | "QueueCallerAbandon":
                queue.callers.pop(ami.get("Uniqueid", ""), None)
            case "QueueParams":
                self._params(queue, ami)
            case "QueueMemberRemoved":
                queue.members.pop(_interface(ami), None)
            case _:
                self._member(queue, ami)
        return self._told(name, queue)

    def hangup(self, uniqueid: str) -> Queue | None:
        """A caller is gone, whatever the queue said of it."""
        for name, queue in self._queues.items():
            if uniqueid in queue.callers:
                del queue.callers[uniqueid]
                return self._told(name, queue)
        return None

    def forget(self) -> None:
        """The PBX starts anew, or is about to tell everything again."""
        for queue in self._queues.values():
            queue.callers.clear()
            queue.members.clear()

    def _params(self, queue: Waiting, ami: Message) -> None:
        queue.callers.clear()
        queue.members.clear()
        calls = (ami.get("Completed", ""), ami.get("Abandoned", ""))
        try:
            level = round(float(ami.get("ServicelevelPerf", "")) / 100, 4)
        except ValueError:
            level = None
        queue.service_level = None if calls == ("0", "0") else level

    def _member(self, queue: Waiting, ami: Message) -> None:
        interface = _interface(ami)
        if not interface:
            return
        known = queue.members.get(interface)
        extension = known.extension if known is not None else self._extension(ami, interface)
        member = Member(
            extension=extension,
            name=ami.get("MemberName") or ami.get("Name") or (known.name if known else ""),
            paused=ami.get("Paused", "1" if known and known.paused else "0") == "1",
            reason=ami.get("PausedReason") or ami.get("Reason") or "",
        )
        queue.members[interface] = member if member.paused else replace(member, reason="")

    def _extension(self, ami: Message, interface: str) -> str:
        for device in (ami.get("StateInterface", ""), interface):
            endpoint = self._endpoints.of_device(device)
            if endpoint.extension is not None and not device.startswith(("Local/", "hint:")):
                return endpoint.extension
        return interface.partition("/")[2].partition("@")[0] or interface

    def _told(self, name: str, queue: Waiting) -> Queue | None:
        since = [joined for joined in queue.callers.values() if joined is not None]
        told = Queue(
            pbx=self._pbx,
            name=name,
            waiting=len(queue.callers),
            longest_since=min(since) if since else None,
            service_level=queue.service_level,
            members=tuple(sorted(queue.members.values(), key=lambda member: member.extension)),
        )
        if told == queue.told:
            return None
        queue.told = told
        return told


def _interface(ami: Message) -> str:
    return ami.get("Interface") or ami.get("Location") or ""


def _joined(ami: Message, at: datetime | None) -> datetime | None:
    wait = ami.get("Wait", "")
    return at - timedelta(seconds=int(wait)) if at is not None and wait.isdigit() else at
