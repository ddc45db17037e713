"""When a person answers: a dial, and all the dials that lead to it."""

from telephony.channels import Channel
from telephony.story import At, Ring, Story
from telephony.tracker import Tracker


def answered(tracker: Tracker, ring: Ring, story: Story, at: At) -> None:
    """A dial was answered; so are the dials behind it whose way is open now."""
    if not ring.answered:
        ring.answered = True
        if not ring.shown:
            for other in story.rings:
                if other.shown and other.answered and not other.connected and other.open:
                    _connect(tracker, other, story, at)
    if ring.shown:
        _connect(tracker, ring, story, at)


def _connect(tracker: Tracker, ring: Ring, story: Story, at: At) -> None:
    if ring.connected or not ring.way_is_open():
        return
    ring.connected, ring.answered_at, ring.result = True, at, "answered"
    ring.ended_at = None
    channel = ring.channel
    if channel.extension != ring.extension and channel.person and not ring.own:
        ring = _taken_over(tracker, ring, story, at)
    if ring.own:
        story.own_answered = True
    else:
        channel.talking = True
        if not ring.consult:
            tracker.joins(story, ring.extension, at)
    tracker.touch_phone(channel)
    tracker.touch(story)


def _taken_over(tracker: Tracker, ring: Ring, story: Story, at: At) -> Ring:
    """Another phone answers in the place of the one that rang (old Asterisk's masquerade)."""
    ring.connected, ring.answered_at, ring.result, ring.ended_at = False, None, "cancelled", at
    return picked_up(tracker, ring.channel, story, at)


def picked_up(tracker: Tracker, channel: Channel, story: Story, at: At) -> Ring:
    """A leg for who took a call that rang elsewhere."""
    ring = Ring(channel, None, at)
    ring.answered = ring.connected = True
    ring.answered_at, ring.result = at, "answered"
    channel.ring = ring
    story.rings.append(ring)
    return ring
