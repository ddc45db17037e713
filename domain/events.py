"""Everything one room may tell another: what happened, when, and to whom.

Facts only, in the past tense; a command is a call, never an event. `at` is the time on the PBX's or
gateway's clock where there is one, aware and in UTC.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.calls import Call, CallId
from domain.presence import Presence, Queue, UserState


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact: named in the past tense, never changed after it was made."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged(Event):
    """A call began, rang, was answered, held, transferred, …: `after` is the record so far.

    `before` is what was told last (None: the first event of this call). Who takes part is in
    `after.parties`; whoever is in `before.parties` only has lost the call. `read_at` is the monotonic
    second at which the AMI bytes were read: the pop is measured from it.
    """

    before: Call | None
    after: Call
    read_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The last word on a call: its final record, to be stored. Follows the last CallChanged."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMerged(Event):
    """A consultation turned out to belong to another call: it leaves no record of its own."""

    call: Call
    into: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged(Event):
    """An extension's state changed."""

    before: Presence | None
    after: Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Event):
    """Somebody joined or left a queue, or its members changed."""

    queue: Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxConnected(Event):
    """The link to a PBX is up and its state has been asked for and read."""

    pbx: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxLost(Event):
    """The link to a PBX is down; what is known of its calls and phones is getting old."""

    pbx: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStored(Event):
    """A call's row is durable: the record as it stands in the history, with client and disposition."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged(Event):
    """A client was created, changed, merged or erased; cached cards of his are stale."""

    client_id: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStateChanged(Event):
    """A user became ready, paused, in wrap-up or offline."""

    state: UserState


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """A user was created, disabled, given another role or extension; open sessions must be checked again."""

    user_id: str
    signed_out: bool


News = (
    CallChanged
    | CallEnded
    | CallMerged
    | PresenceChanged
    | QueueChanged
    | PbxConnected
    | PbxLost
    | CallStored
    | ClientChanged
    | UserStateChanged
    | UserChanged
)
