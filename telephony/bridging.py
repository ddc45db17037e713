"""Bridge events: who talks to whom, and which calls turn out to be one."""

from telephony.answering import answered
from telephony.channels import Bridge, Channel, Message
from telephony.story import At, Ring, Story
from telephony.tracker import Tracker


def bridge_enter(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    bridge = tracker.switch.bridge(ami)
    if channel is None or bridge is None:
        return
    tracker.switch.enter(channel, bridge)
    if not bridge.mixing:
        return
    story = _meet(tracker, channel, bridge, at)
    ring = channel.ring
    if isinstance(ring, Ring) and not ring.shown and not ring.answered:
        answered(tracker, ring, story, at)
    if channel.person:
        _talks(tracker, channel, story, at)


def _meet(tracker: Tracker, channel: Channel, bridge: Bridge, at: At) -> Story:
    story = tracker.story_of[channel.uniqueid]
    for other in list(bridge.members.values()):
        theirs = tracker.story_of.get(other.uniqueid)
        if theirs is not None and theirs is not story:
            story = merged_by_meeting(tracker, channel, other, at)
    return story


def merged_by_meeting(tracker: Tracker, one: Channel, two: Channel, at: At) -> Story:
    """Two calls share a conversation: whoever called in the one that disappears has joined the other."""
    stories = (tracker.story_of[one.uniqueid], tracker.story_of[two.uniqueid])
    story = tracker.merge(*stories, at)
    gone = stories[0] if stories[1] is story else stories[1]
    root = gone.root
    here = root.uniqueid in story.live and root.bridge is not None and root.bridge.mixing
    if here and root.person and all(joined.extension != root.extension for joined in story.joined):
        tracker.joins(story, root.extension, at)
    return story


def _talks(tracker: Tracker, channel: Channel, story: Story, at: At) -> None:
    company = tracker.switch.across(channel)
    if not company:
        return
    people = [channel, *company]
    for person in people:
        ring = person.ring
        if isinstance(ring, Ring) and ring.shown and not ring.connected and ring.open:
            answered(tracker, ring, story, at)
        if story.answered and not person.talking:
            person.talking = True
            if person.extension is not None:
                tracker.touch(story)
        tracker.touch_phone(person)
    story.goes_on(*people)
    _answered_unseen(tracker, channel, company, story)


def _answered_unseen(tracker: Tracker, channel: Channel, company: list[Channel], story: Story) -> None:
    """People talk in a call whose answer we did not hear: it was before we were connected."""
    if story.answered or story.complete:
        return
    for person in (channel, *company):
        if not story.is_caller(person):
            story.joins(person.extension, None)
    for person in (channel, *company):
        person.talking = True
    tracker.touch(story)


def bridge_leave(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    if channel is None:
        return
    bridge, story = channel.bridge, tracker.story_of[channel.uniqueid]
    company = bridge is not None and bridge.mixing and len(bridge.members) > 1
    if not story.complete and channel.person:
        story.talked_unseen.append(channel)
    tracker.switch.leave(channel)
    if channel.person and company:
        story.leavers.append(channel)
        if (
            story.restless is None
            and story.parked() is None
            and not any(asked.channel is channel for asked in story.requests)
        ):
            story.restless, story.restless_at = channel, at
