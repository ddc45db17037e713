"""How a call came out and who ended it: pure readings of its facts."""

from domain.calls import EndedBy, LegResult, Outcome, TransferResult
from telephony.channels import Channel
from telephony.story import Ring, Story

STATUS: dict[str, LegResult] = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "DONTCALL": "busy",
    "TORTURE": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "cancelled",
    "CONGESTION": "failed",
    "CHANUNAVAIL": "failed",
    "INVALIDARGS": "failed",
}
"""DialStatus of a DialEnd; what is not here (ABORT, CONTINUE, GOTO: the callee did not accept) is no answer."""

CAUSES: dict[str, tuple[LegResult, str | None]] = {
    "1": ("failed", "unallocated"),
    "2": ("failed", "no_route"),
    "3": ("failed", "no_route"),
    "17": ("busy", None),
    "18": ("no_answer", None),
    "19": ("no_answer", None),
    "20": ("no_answer", None),
    "21": ("busy", "rejected"),
    "22": ("failed", "number_changed"),
    "27": ("failed", "unreachable"),
    "28": ("failed", "invalid_number"),
    "34": ("failed", "congestion"),
    "38": ("failed", "congestion"),
    "41": ("failed", "congestion"),
    "42": ("failed", "congestion"),
    "44": ("failed", "congestion"),
    "58": ("failed", "congestion"),
}
"""Q.850 causes that say more than the DialStatus did."""


def refine(ring: Ring, cause: str) -> None:
    """Tell a rejection, a wrong number, a phone that is away, … by the hang-up cause, where DialStatus does not.

    chan_sip says BUSY for a phone that is away (480), app_dial NOANSWER for one that declines (603).
    """
    if ring.forwarded_to is not None or cause not in CAUSES:
        return
    result, why = CAUSES[cause]
    if ring.result == "no_answer" or (ring.result == "failed" and result != "no_answer"):
        ring.result, ring.cause = result, why or ring.cause
    elif ring.result == "busy" and result != "failed":
        ring.result, ring.cause = result, why


def verdict(rings: list[Ring]) -> LegResult:
    """What several unanswered attempts together amount to."""
    results = {ring.result for ring in rings}
    for result in ("no_answer", "busy", "failed", "cancelled"):
        if result in results:
            return result
    return "no_answer"


def outcome(story: Story) -> tuple[Outcome, str | None]:
    """The outcome of an ended call and, where known, its cause."""
    if story.answered:
        return "answered", None
    if story.originated and not story.own_answered:
        return "failed", "agent_no_answer"
    by = hung_up_by(story)
    legs = story.legs()
    if (story.abandoned and by != "pbx") or (by == "caller" and story.in_queue):
        return "abandoned", None
    if any(ring.result == "cancelled" for ring in legs) and by != "callee":
        return "cancelled", None
    if not legs:
        return _without_legs(story, by)
    result = verdict(legs)
    cause = next((ring.cause for ring in reversed(legs) if ring.result == result and ring.cause), None)
    return result if result != "answered" else "no_answer", cause


def _without_legs(story: Story, by: EndedBy | None) -> tuple[Outcome, str | None]:
    """Nobody was rung: a menu, a message, a queue with nobody in it, a number that leads nowhere."""
    if story.voicemail:
        return "no_answer", None
    result, cause = CAUSES.get(story.root_cause, (None, None))
    if story.root.state == "Busy":
        return ("busy", None) if story.root_cause == "17" else ("failed", cause or "congestion")
    if by == "caller" or (by is None and result is None and story.root.state != "Up"):
        return "cancelled", None
    if story.queues:
        return "no_answer", None
    if result == "busy" and cause is None:
        return "busy", None
    return "failed", cause if result == "failed" else None


def hung_up_by(story: Story) -> EndedBy | None:
    """Which side ended the call: the first that asked to, or (old streams) the first that left."""
    if story.requests:
        first = story.requests[0]
        if not first.from_afar:
            return "pbx"
        return "caller" if _on_callers_side(story, first.channel) else "callee"
    if story.leavers:
        return "caller" if _on_callers_side(story, story.leavers[0]) else "callee"
    waited_for = story.legs()
    if story.moves:
        waited_for = [ring for ring in story.rings[story.moves[-1].since :] if ring.shown]
    elif story.answered:
        return None
    if not waited_for:
        return None
    return "caller" if any(ring.result == "cancelled" for ring in waited_for) else "pbx"


def ended_by(story: Story) -> EndedBy | None:
    """Which side ended the call; one that was refused before it began, was ended by who refused it."""
    by = hung_up_by(story)
    if by == "caller" or story.answered:
        return by
    if (own := story.own_ring()) is not None and not story.own_answered:
        return "caller" if own.result == "busy" else "pbx"
    if story.legs():
        return "callee" if outcome(story)[0] == "busy" else by
    return by if by is not None or story.root_cause not in CAUSES else "pbx"


def _on_callers_side(story: Story, channel: Channel) -> bool:
    return story.is_caller(channel) or (channel.extension is not None and channel.extension == story.caller_extension())


def transfer_result(story: Story, since: int) -> TransferResult:
    """How a transfer came out that nobody answered before the call ended."""
    result = verdict([ring for ring in story.rings[since:] if ring.shown])
    return result if result in ("busy", "failed") else "no_answer"
