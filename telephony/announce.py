"""What is told of a call: the difference between two of its records."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from domain.calls import Call, CallId
from domain.events import CallChanged, CallEnded, CallMerged

EPOCH = datetime.fromtimestamp(0, UTC)


class Told(NamedTuple):
    """`before` is what was told last; `into` the call this one turned out to belong to."""

    before: Call | None
    after: Call
    into: CallId | None


def announce(told: Told, at: datetime | None, read_at: float) -> list[CallChanged | CallEnded | CallMerged]:
    """The news in a change: every change once, an end twice (the change, then the last word)."""
    before, after, moment = told.before, told.after, at or EPOCH
    if told.into is not None:
        merged = replace(after, state="merged", parties=())
        return [CallMerged(at=moment, call=merged, into=told.into)]
    changed = CallChanged(at=moment, before=before, after=after, read_at=read_at)
    return [changed, CallEnded(at=moment, call=after)] if after.state == "ended" else [changed]
