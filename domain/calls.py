"""The call record: one logical call, however many channels, queues and transfers it went through.

The shapes are those of the public contract, section 4. Times are aware UTC datetimes or None where
they are not known; durations are computed from them in seconds, rounded to 0.01.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Literal, NewType
from uuid import UUID, uuid5

CallId = NewType("CallId", str)
Extension = NewType("Extension", str)

Direction = Literal["inbound", "outbound", "internal"]
Outcome = Literal["answered", "no_answer", "busy", "cancelled", "abandoned", "failed"]
LegResult = Literal["answered", "no_answer", "busy", "cancelled", "failed"]
TransferResult = Literal["answered", "no_answer", "busy", "failed", "returned"]
EndedBy = Literal["caller", "callee", "pbx", "restart", "lost"]
CallState = Literal["waiting", "dialing", "ringing", "talking", "held", "parked", "ended", "withdrawn", "merged"]

CALLS = UUID("6f5a1c1e-52a3-5d0a-9a0f-6f0b8f4f2f10")


def call_id(pbx: str, linkedid: str) -> CallId:
    """The stable identity of a call: UUIDv5 of the PBX's name and the first channel's linkedid."""
    return CallId(str(uuid5(CALLS, f"{pbx}/{linkedid}")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. `extension` None means outside; inside, `number` is the extension.

    `name` is clean text (U+FFFD for what is not UTF-8 or is a control character); `name_bytes` holds what
    really came, only where cleaning changed it.
    """

    number: str | None = None
    name: str = ""
    extension: str | None = None
    endpoint: str | None = None
    name_bytes: bytes | None = None

    __pydantic_config__: ClassVar = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One ring attempt; `result` is None while it lasts."""

    extension: str | None = None
    endpoint: str | None = None
    number: str | None = None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: LegResult | None = None
    forwarded_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer; `by` and `to` are extensions, numbers or queues; `result` is None while it rings."""

    kind: Literal["blind", "attended"]
    by: str | None
    to: str | None
    at: datetime | None
    result: TransferResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """One stay in a parking lot, until somebody (`by_whom`) retrieved the call."""

    by: str | None
    at: datetime | None
    until: datetime | None = None
    by_whom: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An extension's part in a call that is going on: what its user sees now."""

    extension: str
    state: CallState
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The record so far, and while the call lives, who takes part in it (`parties`, not stored)."""

    id: CallId
    pbx: str
    linkedid: str
    direction: Direction
    caller: Caller = Caller()
    dialed: str | None = None
    queue: str | None = None
    queues: tuple[str, ...] = ()
    client_id: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ring_seconds: float = 0.0
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    outcome: Outcome | None = None
    cause: str | None = None
    answered_by: tuple[str, ...] = ()
    owner: str | None = None
    legs: tuple[Leg, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    parked: tuple[Parking, ...] = ()
    conference: str | None = None
    voicemail: bool = False
    ended_by: EndedBy | None = None
    complete: bool = True
    disposition: str | None = None
    note: str = ""
    recording: str | None = None
    state: CallState = "dialing"
    parties: tuple[Party, ...] = field(default=())

    def party(self, extension: str) -> Party | None:
        """What `extension` is doing in this call right now, or None when it has no part in it."""
        return next((party for party in self.parties if party.extension == extension), None)

    def took_part(self, extension: str) -> bool:
        """Whether `extension` called, was rung or answered at any time of this call."""
        return (
            self.caller.extension == extension
            or extension in self.answered_by
            or any(leg.extension == extension for leg in self.legs)
            or any(transfer.by == extension for transfer in self.transfers)
        )

    @property
    def outside_number(self) -> str | None:
        """The number of the party outside: what the client is looked up by; None for internal calls."""
        match self.direction:
            case "inbound":
                return self.caller.number
            case "outbound":
                return self.dialed
            case "internal":
                return None

    def ended(self) -> bool:
        """Whether the call is over."""
        return self.state in ("ended", "merged")

    def with_client(self, client_id: str | None) -> "Call":
        """The same call, now known to be this client's."""
        return replace(self, client_id=client_id)
