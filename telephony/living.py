"""The life of a channel: it comes, rings, is up, is asked to hang up, is gone."""

from telephony.answering import answered
from telephony.channels import PLAIN, Channel, Message
from telephony.story import At, Ring, Story
from telephony.tracker import Tracker

REDIRECTED = "2"
SHUTTING_DOWN = "4"
"""A SoftHangupRequest's `Cause` is why Asterisk itself lets go: AST_SOFTHANGUP_ASYNCGOTO, …_SHUTDOWN."""


def new_channel(tracker: Tracker, ami: Message, at: At) -> None:
    if ami.get("Uniqueid") in tracker.switch.channels or tracker.has_gone(ami.get("Uniqueid", "")):
        return
    channel = tracker.switch.meet(ami, PLAIN)
    if channel is not None:
        story = tracker.adopt(channel, at, complete=True)
        if story.root is channel and channel.endpoint.kind == "local":
            channel.side = "B"
        tracker.touch_phone(channel)


def new_state(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    if channel is None:
        return
    state = ami.get("ChannelStateDesc", "")
    if (exten := ami.get("Exten")) and not channel.exten:
        channel.exten = exten
    if state == channel.state:
        return
    channel.state = state
    if state == "Ring":
        _calls(tracker, channel)
    elif state == "Ringing" or state == "Up":
        _state_of_rung(tracker, channel, tracker.story_of[channel.uniqueid], state, at)


def _calls(tracker: Tracker, channel: Channel) -> None:
    channel.rung_in = True
    story = tracker.story_of[channel.uniqueid]
    if story.root is channel and not story.asked_for:
        story.asked_for = channel.exten
    tracker.touch_phone(channel)
    tracker.touch(story)


def _state_of_rung(tracker: Tracker, channel: Channel, story: Story, state: str, at: At) -> None:
    ring = channel.ring if isinstance(channel.ring, Ring) else None
    if ring is None and story.root is channel and channel.person and not channel.rung_in and story.complete:
        ring = originated(tracker, channel, story, at)
    if ring is None:
        return
    if state == "Ringing" and not ring.rang:
        ring.rang, ring.rang_at = True, ring.rang_at or at
    elif state == "Up" and ring.own:
        answered(tracker, ring, story, at)
    else:
        return
    if ring.shown:
        tracker.touch_phone(channel)
        tracker.touch(story)


def hangup(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.switch.known(ami)
    if channel is None and ami.get("Linkedid", "") in tracker.stories:
        channel = tracker.channel(ami, at)
    if channel is None:
        if uniqueid := ami.get("Uniqueid"):
            tracker.remember(uniqueid)
        return
    story = tracker.story_of[channel.uniqueid]
    tracker.gone(channel, story, at, ami.get("Cause", ""))
    if not story.live:
        tracker.close(story, at, None)


def hangup_request(tracker: Tracker, ami: Message, at: At) -> None:
    _asked_to_end(tracker, ami, at, from_afar=True)


def soft_hangup_request(tracker: Tracker, ami: Message, at: At) -> None:
    _asked_to_end(tracker, ami, at, from_afar=False)


def _asked_to_end(tracker: Tracker, ami: Message, at: At, *, from_afar: bool) -> None:
    channel = tracker.channel(ami, at)
    if channel is None or not channel.person:
        return
    story = tracker.story_of[channel.uniqueid]
    if not from_afar and ami.get("Cause") == REDIRECTED:
        return
    if not from_afar and ami.get("Cause") == SHUTTING_DOWN:
        story.shut_down = True
    from_afar = from_afar and channel.state != "Busy"
    if any(asked[0] is channel for asked in story.requests):
        return
    if from_afar:
        story.requests = [asked for asked in story.requests if asked[0].uniqueid in story.live]
    story.requests.append((channel, from_afar))


def originated(tracker: Tracker, channel: Channel, story: Story, at: At) -> Ring:
    """The PBX called this phone first: a click-to-call."""
    story.originated, story.caller = True, None
    channel.side = "B"
    if story.asked_for in ("s", ""):
        story.asked_for = ""
    ring = Ring(channel, None, at)
    ring.own = True
    ring.number = None if ring.extension is not None else tracker.number(channel.number)
    channel.ring = ring
    story.rings.append(ring)
    return ring
