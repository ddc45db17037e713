"""The record of a call, written from its facts: pure, cheap, and the same every time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from domain.calls import Call, Caller, Direction, Leg, Parking, Transfer
from telephony.outcome import outcome
from telephony.parties import parties, state
from telephony.story import At, Move, Ring, Stay, Story
from telephony.text import clean

Number = Callable[[str | None], str | None]
Names = Callable[[str], str]


def write(story: Story, number: Number, names: Names) -> Call:
    """The record so far, or the final one where the call has ended."""
    first_join = story.joined[0].at if story.joined and story.answered_at is None else story.answered_at
    caller = _caller(story, number, names)
    legs = story.legs()
    extensions = [joined.extension for joined in story.joined if joined.extension is not None]
    result, cause = outcome(story) if story.ended else ("answered" if story.answered else None, None)
    return Call(
        id=story.id,
        pbx=story.pbx,
        linkedid=story.linkedid,
        direction=_direction(story, legs, number),
        caller=caller,
        dialed=_dialed(story, legs, number),
        queue=story.queues[-1] if story.queues else None,
        queues=tuple(story.queues),
        started_at=story.started,
        answered_at=story.answered_at,
        ended_at=story.ended_at,
        ring_seconds=_ring_seconds(story, legs),
        wait_seconds=_wait_seconds(story),
        talk_seconds=_between(first_join if story.answered else None, story.ended_at),
        hold_seconds=_hold_seconds(story),
        outcome=result,
        cause=cause,
        answered_by=tuple(dict.fromkeys(extensions)),
        owner=(extensions[-1] if extensions else caller.extension) if story.answered and story.joined else None,
        legs=tuple(map(_leg, legs)),
        transfers=tuple(map(_transfer, story.moves)),
        parked=tuple(map(_parking, story.stays)),
        conference=story.conference,
        voicemail=story.voicemail,
        ended_by=story.ended_by,
        complete=story.complete,
        state=state(story),
        parties=() if story.ended else parties(story),
    )


def _transfer(move: Move) -> Transfer:
    return Transfer(kind=move.kind, by=move.by, to=move.to, at=move.at, result=move.result)


def _parking(stay: Stay) -> Parking:
    return Parking(by=stay.by, at=stay.at, until=stay.until, by_whom=stay.by_whom)


def _leg(ring: Ring) -> Leg:
    leg = ring.written
    if (
        leg is not None
        and leg.result == ring.result
        and leg.ended_at is ring.ended_at
        and leg.answered_at is ring.answered_at
        and leg.rang_at is ring.rang_at
        and leg.forwarded_to == ring.forwarded_to
    ):
        return leg
    ring.written = leg = Leg(
        extension=ring.extension,
        endpoint=ring.endpoint,
        number=ring.number,
        rang_at=ring.rang_at,
        answered_at=ring.answered_at,
        ended_at=ring.ended_at,
        result=ring.result,
        forwarded_to=ring.forwarded_to,
    )
    return leg


def _caller(story: Story, number: Number, names: Names) -> Caller:
    if story.caller is None or story.originated:
        story.caller = _who_calls(story, number, names)
    return story.caller


def _who_calls(story: Story, number: Number, names: Names) -> Caller:
    if story.originated and story.caller_endpoint.kind != "inside":
        return _called_first(story, names)
    extension = story.caller_endpoint.extension
    if extension is None and story.caller_endpoint.kind != "outside":
        return Caller()
    presented = "" if story.originated else story.caller_name
    name, raw = clean((names(extension) if extension is not None else "") or presented)
    return Caller(
        number=extension or number(story.caller_number),
        name=name,
        extension=extension,
        endpoint=story.caller_endpoint.name,
        name_bytes=raw,
    )


def _called_first(story: Story, names: Names) -> Caller:
    """The caller of a click-to-call that began as a Local channel or with an outside phone."""
    own = story.own_ring()
    if own is None:
        return Caller()
    if own.extension is None:
        return Caller(number=own.number, endpoint=own.endpoint)
    name, raw = clean(names(own.extension))
    return Caller(number=own.extension, name=name, extension=own.extension, endpoint=own.endpoint, name_bytes=raw)


def _direction(story: Story, legs: list[Ring], number: Number) -> Direction:
    if story.caller_endpoint.kind == "outside" and not story.originated:
        return "inbound"
    if story.queues and not story.originated and not any(ring.shown for ring in story.rings[: story.queued_since]):
        return "internal"
    asked = [ring for ring in legs if not ring.consult]
    first = next((ring for ring in asked if ring.connected), asked[0] if asked else None)
    if first is not None:
        if first.extension is None:
            return "outbound"
        own = story.own_ring()
        return "inbound" if own is not None and own.extension is None else "internal"
    dialed = _dialed(story, legs, number)
    outside = story.originated if dialed is None else dialed.startswith("+")
    return "outbound" if outside else "internal"


def _dialed(story: Story, legs: list[Ring], number: Number) -> str | None:
    asked = story.asked_for
    if story.originated and not asked.lstrip("+").isdigit():
        first = next((ring for ring in legs if not ring.consult), None)
        return (first.extension or first.number) if first is not None else None
    if not any(map(str.isdigit, asked)) and not (story.originated or len(asked) > 1):
        return None
    return None if not asked or asked[0] in "*#" or asked in ("s", "h", "t", "i", "fax") else number(asked)


def _between(start: At, end: At) -> float:
    if start is None or end is None:
        return 0.0
    return max(0.0, round((end - start).total_seconds(), 2))


def _ring_seconds(story: Story, legs: list[Ring]) -> float:
    until = story.answered_at if story.answered else story.ended_at
    rang = [ring.rang_at for ring in legs if ring.rang_at is not None and not ring.consult] if until is not None else []
    return _between(min(rang), until) if rang else 0.0


def _wait_seconds(story: Story) -> float:
    if story.queued_at is None:
        return 0.0
    left = story.unqueued_at or story.ended_at
    answered = story.answered_at
    if answered is not None and answered >= story.queued_at and (left is None or answered < left):
        left = answered
    return _between(story.queued_at, left)


def _hold_seconds(story: Story) -> float:
    if not story.held:
        return 0.0
    spans = [(start, end) for start, end in story.held if start is not None and end is not None]
    return round(sum(span.total_seconds() for span in _union(spans)), 2)


def _union(spans: Iterable[tuple[datetime, datetime]]) -> Iterable[timedelta]:
    until: datetime | None = None
    for start, end in sorted(spans):
        start = start if until is None else max(start, until)
        if end > start:
            yield end - start
        until = end if until is None else max(until, end)
