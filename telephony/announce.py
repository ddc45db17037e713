"""What is told of a call: the difference between two of its records."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from domain.calls import Call, CallId
from domain.events import CallChanged, CallEnded, CallMerged

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """`before` is what was told last; `into` the call this one turned out to belong to."""

    before: Call | None
    after: Call
    into: CallId | None


def announce(told: Told, at: datetime | None, read_at: float) -> Iterator[CallChanged | CallEnded | CallMerged]:
    """The news in a change: every change once, an end twice (the change, then the last word)."""
    before, after, moment = told.before, told.after, at or EPOCH
    if told.into is not None:
        merged = replace(after, state="merged", parties=())
        yield CallMerged(at=moment, call=merged, into=told.into)
        return
    yield CallChanged(at=moment, before=before, after=after, read_at=read_at)
    if after.state == "ended":
        yield CallEnded(at=moment, call=after)
