"""Presence: what every extension, user and queue is doing right now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PhoneState = Literal["unavailable", "dnd", "ringing", "hold", "talking", "busy", "idle"]
WorkState = Literal["ready", "paused", "wrapup", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One extension's state, `since` when, and with whom (`peer`: number or extension of the other side)."""

    pbx: str
    extension: str
    state: PhoneState
    since: datetime | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserState:
    """A user's own state; `until` is when a wrap-up ends by itself."""

    user_id: str
    name: str
    extension: str | None
    state: WorkState
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A queue's member: an extension that may be rung for it."""

    extension: str
    name: str = ""
    paused: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue's live state. `longest_since`: when the caller who waits longest joined; `service_level`: the
    share (0..1) of answered calls that were answered within the PBX's own service-level seconds."""

    pbx: str
    name: str
    waiting: int = 0
    longest_since: datetime | None = None
    service_level: float | None = None
    members: tuple[Member, ...] = ()
