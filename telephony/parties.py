"""Who takes part in a call right now, and what each of them sees."""

from functools import lru_cache

from domain.calls import CallState, Party
from telephony.channels import Channel
from telephony.story import Ring, Story

RANK: dict[CallState, int] = {"talking": 0, "held": 1, "ringing": 2, "parked": 3, "waiting": 4, "dialing": 5}
"""Where an extension has several channels in one call, the first of these is what its user sees."""


def state(story: Story) -> CallState:
    """What the call as a whole is doing."""
    if story.ended:
        return "ended"
    if story.parked() is not None:
        return "parked"
    if story.holding:
        return "held"
    if story.answered and story.pending() is None and not story.in_queue:
        return "talking"
    if any(ring.rang and ring.open for ring in story.rings if ring.shown):
        return "ringing"
    if story.in_queue:
        return "waiting"
    if story.answered:
        return "talking"
    return "waiting" if story.caller_endpoint.kind == "outside" and not story.originated else "dialing"


def parties(story: Story) -> tuple[Party, ...]:
    """The extensions taking part now, in the order of their numbers.

    Who parked the call is one of them, whether or not he is still on the line: it is his to take back.
    """
    found: dict[str, CallState] = {}
    for channel in story.live.values():
        extension = channel.extension
        if extension is None:
            continue
        seen = part(story, channel)
        if seen is not None and (extension not in found or RANK[seen] < RANK[found[extension]]):
            found[extension] = seen
    stay = story.parked()
    if stay is not None and stay.by is not None:
        found[stay.by] = "parked"
    if len(found) < 2:
        return tuple(_party(extension, state) for extension, state in found.items())
    return tuple(_party(extension, found[extension]) for extension in sorted(found))


@lru_cache(maxsize=8192)
def _party(extension: str, state: CallState) -> Party:
    return Party(extension=extension, state=state)


def part(story: Story, channel: Channel) -> CallState | None:
    """What the user of one channel sees; None while his phone has not begun to ring, or no longer does."""
    stay = story.parked()
    if stay is not None and stay.channel is channel:
        return "parked"
    ring = channel.ring
    if isinstance(ring, Ring) and not ring.connected and not channel.talking:
        if ring.open or ring.own:
            return _while_rung(ring)
        return None
    if channel.state in ("Down", "Ringing"):
        return None
    if channel.held:
        return "held"
    if channel.talking and (story.answered or story.conference):
        return "talking"
    return "waiting" if story.in_queue and channel is story.root else "dialing"


def _while_rung(ring: Ring) -> CallState | None:
    if ring.answered and ring.own:
        return "dialing"
    return "ringing" if ring.rang and ring.open else None
