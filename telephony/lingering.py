"""The moment between the hang-up of a call's first user and the end of the call itself.

Asterisk ends the channels of a call one after the other. Most calls end with the first of them; a few go on
without us (a menu after the talk). Which one it is shows a moment later: until then nothing is told, so that
"the call ended" does not begin with "the call goes on without you".
"""

from datetime import timedelta

from telephony.channels import Switch
from telephony.parties import parties
from telephony.story import At, Story

MOMENT = timedelta(milliseconds=300)


def lingers(story: Story, switch: Switch, at: At) -> bool:
    """Whether a call that has just lost a user may be about to end."""
    if _goes_on(story) or not _has_left(story) or any(c.person and switch.across(c) for c in story.live.values()):
        story.left_at = None
        return False
    if story.left_at is None:
        story.left_at = at
    return not has_passed(story.left_at, at)


def has_passed(since: At, at: At) -> bool:
    """Whether the moment after `since` is over."""
    return at is not None and since is not None and at - since >= MOMENT


def _has_left(story: Story) -> bool:
    if story.told is None or not story.told.parties:
        return False
    now = {party.extension for party in parties(story)}
    return any(party.extension not in now for party in story.told.parties)


def _goes_on(story: Story) -> bool:
    """Whether it is plain that the call lives on: somebody waits, rings, is parked, or talks in a room."""
    if not story.answered and any(asked.channel is story.root for asked in story.requests):
        return False  # the caller has given up: his phones are hung up one after the other
    if not story.answered or story.in_queue or story.conference or story.parked() or story.pending():
        return True
    return any(ring.open and (ring.shown or not ring.answered) for ring in story.rings)
