"""What is known of one logical call while it lives: the facts its record is written from.

The upper floor's memory. Asterisk's events are turned into these facts by `tracker`; `record` turns the
facts into the frozen `domain.calls.Call` that others see.
"""

from typing import Literal

from domain.calls import Call, Caller, EndedBy, TransferResult, call_id
from telephony.channels import Channel
from telephony.ring import At as At
from telephony.ring import Ring as Ring

MoveKind = Literal["blind", "attended"]


class Move:
    """One transfer; `result` None while it is on its way."""

    __slots__ = ("at", "by", "guessed", "kind", "result", "since", "to")

    def __init__(self, kind: MoveKind, by: str | None, to: str | None, at: At) -> None:
        self.kind: MoveKind = kind
        self.by = by
        self.to = to
        self.at = at
        self.result: TransferResult | None = None
        self.since = 0
        """How many rings the call had when it was transferred."""
        self.guessed = False
        """Nobody told of it: one of two who talked simply went on elsewhere, redirected."""


class Stay:
    """One stay in a parking lot."""

    __slots__ = ("at", "by", "by_whom", "channel", "open", "until")

    def __init__(self, channel: Channel | None, by: str | None, at: At) -> None:
        self.channel = channel
        self.by = by
        self.at = at
        self.until: At = None
        self.by_whom: str | None = None
        self.open = True


class Joined:
    """Somebody who came to talk: `extension` None for the outside."""

    __slots__ = ("at", "extension")

    def __init__(self, extension: str | None, at: At) -> None:
        self.extension = extension
        self.at = at


class Request:
    """Somebody asked to hang up: the far end, or (not `from_afar`) the PBX did by itself or was told to.

    `through_us`: from his screen. Asterisk never tells of that, only of whom it hangs up because of it.
    """

    __slots__ = ("at", "channel", "from_afar", "through_us")

    def __init__(self, channel: Channel, at: At, *, from_afar: bool, through_us: bool = False) -> None:
        self.channel = channel
        self.at = at
        self.from_afar = from_afar
        self.through_us = through_us


class Story:
    """The facts of one call."""

    def __init__(self, pbx: str, linkedid: str, root: Channel, started: At, *, complete: bool) -> None:
        self.pbx = pbx
        self.linkedid = linkedid
        self.linkedids = [linkedid]
        """Its own, and those of the calls that were merged into it."""
        self.id = call_id(pbx, linkedid)
        self.root = root
        self.started = started
        self.complete = complete
        self.caller: Caller | None = None
        """As written last, where it cannot change any more."""
        self.caller_number = root.number
        self.caller_name = root.owner_name
        self.caller_endpoint = root.endpoint
        self.originated = root.endpoint.kind == "local"
        self.own_answered = False
        self.asked_for = ""
        self.live: dict[str, Channel] = {}
        self.rings: list[Ring] = []
        self.joined: list[Joined] = []
        self.answered = False
        self.answered_at: At = None
        self.queues: list[str] = []
        self.queued_since = 0
        """How many rings the call had when it first entered a queue."""
        self.in_queue = False
        self.abandoned = False
        self.queued_at: At = None
        self.unqueued_at: At = None
        self.holding: dict[str, At] = {}
        self.held: list[tuple[At, At]] = []
        self.moves: list[Move] = []
        self.stays: list[Stay] = []
        self.conference: str | None = None
        self.voicemail = False
        self.restless: Channel | None = None
        """Who left a conversation first without hanging up: redirected, if he goes on elsewhere."""
        self.restless_at: At = None
        self.requests: list[Request] = []
        """Who asked to hang up, in order."""
        self.leavers: list[Channel] = []
        self.talked_unseen: list[Channel] = []
        """Who left a conversation that began before we were connected."""
        self.shut_down = False
        """The PBX ended it because it goes down."""
        self.root_cause = ""
        self.left_at: At = None
        """When its last user hung up, while that is all that is known (`telephony.lingering`)."""
        self.ended = False
        self.ended_at: At = None
        self.ended_by: EndedBy | None = None
        self.unconfirmed = False
        self.told: Call | None = None
        self.ever_person = False

    def has_people(self) -> bool:
        return any(channel.person for channel in self.live.values())

    def goes_on(self, *talking: Channel) -> None:
        """Something new began: whoever asked to hang up before did not end the call.

        Unless he is still on his way out: asked for just now through us, or among those `talking`.
        """
        self.requests = [asked for asked in self.requests if self._leaves(asked, talking)]
        self.leavers.clear()
        self.restless = None

    def hangs_up_through_us(self, channel: Channel, at: At, *, really: bool) -> None:
        """The user of `channel` pressed "hang up" on his screen; not `really`: it was refused."""
        if really:
            self.requests.append(Request(channel, at, from_afar=True, through_us=True))
            return
        self.requests = [asked for asked in self.requests if not (asked.through_us and asked.channel is channel)]

    def has_left(self, channel: Channel, at: At) -> None:
        """The channel is gone: whoever hung up through us did so now, not when the PBX was heard of last."""
        for asked in self.requests:
            if asked.through_us and asked.channel is channel:
                asked.at = at

    def _leaves(self, asked: Request, talking: tuple[Channel, ...]) -> bool:
        if asked.through_us:
            return asked.channel.uniqueid in self.live
        return asked.from_afar and asked.channel in talking

    def is_caller(self, channel: Channel) -> bool:
        """Whether `channel` is the caller's side of the call."""
        if channel is self.root:
            return True
        return isinstance(channel.ring, Ring) and channel.ring.own

    def caller_extension(self) -> str | None:
        """The extension that calls; None: the outside does (or nobody yet, in a click-to-call)."""
        if not self.originated or self.caller_endpoint.kind == "inside":
            return self.caller_endpoint.extension
        own = self.own_ring()
        return own.extension if own is not None else None

    def own_ring(self) -> Ring | None:
        """The dial of the caller's own phone in a click-to-call: the one he took, else the first."""
        own = [ring for ring in self.rings if ring.own]
        return next((ring for ring in own if ring.answered), own[0] if own else None)

    def joins(self, extension: str | None, at: At) -> None:
        """A person answered, retrieved, picked up or was joined in."""
        if extension is not None and extension == self.caller_extension():
            return
        if not self.answered:
            self.answered = True
            self.answered_at = at
        self.joined.append(Joined(extension, at))

    def hold(self, channel: Channel, at: At) -> None:
        channel.held = True
        self.holding.setdefault(channel.uniqueid, at)

    def unhold(self, channel: Channel, at: At) -> None:
        channel.held = False
        if channel.uniqueid in self.holding:
            self.held.append((self.holding.pop(channel.uniqueid), at))

    def pending(self) -> Move | None:
        """The transfer that is still on its way."""
        return self.moves[-1] if self.moves and self.moves[-1].result is None else None

    def parked(self) -> Stay | None:
        return self.stays[-1] if self.stays and self.stays[-1].open else None

    def legs(self) -> list[Ring]:
        return [ring for ring in self.rings if ring.shown and not ring.own]

    def absorb(self, other: "Story") -> None:
        """Take over the facts of a call that turned out to be part of this one."""
        self.linkedids += other.linkedids
        self.live |= other.live
        if not self.queues:
            self.queued_since = len(self.rings)
        self.rings = sorted(self.rings + other.rings, key=_begun)
        self.joined = sorted(self.joined + other.joined, key=_at)
        if other.answered and not self.answered:
            self.answered, self.answered_at = True, other.answered_at
        for queue in other.queues:
            self.enters(queue)
        self.queued_at = self.queued_at or other.queued_at
        self.unqueued_at = self.unqueued_at or other.unqueued_at
        self.holding |= other.holding
        self.held += other.held
        self.moves += other.moves
        self.stays += other.stays
        self.conference = self.conference or other.conference
        self.voicemail = self.voicemail or other.voicemail
        self.complete = self.complete and other.complete
        self.ever_person = self.ever_person or other.ever_person

    def enters(self, queue: str) -> None:
        if not self.queues:
            self.queued_since = self.queued_since or len(self.rings)
        if queue not in self.queues:
            self.queues.append(queue)
        elif self.queues[-1] != queue:
            self.queues.remove(queue)
            self.queues.append(queue)


def _begun(ring: Ring) -> tuple[bool, float]:
    return (False, 0.0) if ring.begun is None else (True, ring.begun.timestamp())


def _at(joined: Joined) -> tuple[bool, float]:
    return (False, 0.0) if joined.at is None else (True, joined.at.timestamp())
