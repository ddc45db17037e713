"""Calls that were up before we were connected, or while we were not: what the PBX still knows of them."""

from datetime import datetime, timedelta

from telephony.channels import PLAIN, Channel, Message
from telephony.story import At, Ring, Story
from telephony.tracker import Tracker
from telephony.uniqueid import second_of, sequence


def doubt(tracker: Tracker) -> None:
    """The link was lost: everything has to be seen again."""
    for channel in tracker.switch.channels.values():
        channel.unconfirmed = True


def doubtful(tracker: Tracker) -> bool:
    """Whether some call may have ended unseen."""
    return any(channel.unconfirmed for channel in tracker.switch.channels.values())


def counts_anew(tracker: Tracker, uniqueid: str) -> bool:
    """Whether a new channel's number is below those we know: the PBX has started anew."""
    old = [sequence(key) for key, channel in tracker.switch.channels.items() if channel.unconfirmed]
    epoch, number = sequence(uniqueid)
    return bool(old) and all(number < known and epoch >= since for since, known in old)


def core_show_channel(tracker: Tracker, ami: Message, at: At) -> None:
    """One line of the list of channels."""
    channel = tracker.channel(ami, at, PLAIN)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    channel.unconfirmed = False
    state = ami.get("ChannelStateDesc", "")
    if state and state != channel.state:
        channel.state = state
    if story.complete:
        story.complete = not _moved_unseen(channel, state)
    bridge = tracker.switch.bridge(ami)
    if bridge is None:
        tracker.switch.leave(channel)
    elif channel.bridge is not bridge:
        tracker.switch.enter(channel, bridge)
        story.complete = False
    tracker.touch(story)


def _moved_unseen(channel: Channel, state: str) -> bool:
    ring = channel.ring
    return isinstance(ring, Ring) and ring.open and state == "Up"


def channels_complete(tracker: Tracker, at: At, lost_at: At) -> None:
    """The list is whole: close what is gone, read what the rest is doing."""
    for channel in [channel for channel in tracker.switch.channels.values() if channel.unconfirmed]:
        story = tracker.story_of.get(channel.uniqueid)
        if story is None:
            tracker.switch.forget(channel)
            continue
        story.complete = False
        _gone_unseen(tracker, story, channel, lost_at or at)
    for story in list(dict.fromkeys(tracker.stories.values())):
        if not story.complete:
            _read(tracker, story)


def _gone_unseen(tracker: Tracker, story: Story, channel: Channel, at: At) -> None:
    tracker.gone(channel, story, at, "")
    if not story.live:
        tracker.close(story, at, "lost")


def _read(tracker: Tracker, story: Story) -> None:
    """Who rings and who talks in a call whose beginning we did not see."""
    for channel in story.live.values():
        if channel is story.root or not channel.person or channel.ring is not None:
            continue
        ring = Ring(channel, None, second_of(channel.uniqueid))
        ring.number = None if ring.extension is not None else tracker.number(channel.number)
        channel.ring = ring
        story.rings.append(ring)
        if channel.state == "Ringing":
            ring.rang, ring.rang_at = True, ring.begun
    for channel in story.live.values():
        company = tracker.switch.across(channel) if channel.person and channel.state == "Up" else []
        if company:
            _talks_unseen(tracker, story, channel)
    tracker.touch(story)


def _talks_unseen(tracker: Tracker, story: Story, channel: Channel) -> None:
    ring = channel.ring
    channel.talking = True
    tracker.touch_phone(channel)
    if isinstance(ring, Ring) and not ring.connected:
        ring.answered = ring.connected = True
        ring.result, ring.ended_at = "answered", None
        if not ring.own:
            tracker.joins(story, ring.extension, None)


def queue_entry(tracker: Tracker, ami: Message, at: At) -> None:
    """A caller who was waiting before we were connected."""
    channel = tracker.switch.known(ami, PLAIN)
    queue = ami.get("Queue")
    if channel is None or not queue:
        return
    story = tracker.story_of[channel.uniqueid]
    if story.in_queue:
        return
    wait = ami.get("Wait", "")
    story.enters(queue)
    story.in_queue, story.unqueued_at, story.complete = True, None, False
    since: datetime | None = at - timedelta(seconds=int(wait)) if at is not None and wait.isdigit() else at
    story.queued_at = story.queued_at or since
    tracker.touch(story)
