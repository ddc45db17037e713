"""The life of a channel: it comes, rings, is up, is asked to hang up, is gone."""

from datetime import timedelta

from telephony.answering import answered
from telephony.channels import PLAIN, Channel, Message
from telephony.outcome import CAUSES
from telephony.story import At, Request, Ring, Story
from telephony.tracker import Tracker

REDIRECTED = "2"
SHUTTING_DOWN = "4"
"""A SoftHangupRequest's `Cause` is why Asterisk itself lets go: AST_SOFTHANGUP_ASYNCGOTO, …_SHUTDOWN."""

AFTERWARDS = timedelta(milliseconds=500)
"""How long the PBX may take to hang up the others once one has hung up."""


def new_channel(tracker: Tracker, ami: Message, at: At) -> None:
    if ami.get("Uniqueid") in tracker.switch.channels or tracker.has_gone(ami.get("Uniqueid", "")):
        return
    channel = tracker.switch.meet(ami, PLAIN)
    if channel is not None:
        story = tracker.adopt(channel, at, complete=True)
        if story.root is channel and channel.endpoint.kind == "local":
            channel.side = "B"
        if channel.rung_in:
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
    story.has_left(channel, at)
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
    if from_afar and channel.state == "Up" and isinstance(channel.ring, Ring):
        channel.ring.refused = not channel.ring.connected
    if _has_no_part(tracker, story, channel) or any(asked.channel is channel for asked in story.requests):
        return
    from_afar = from_afar and channel.state != "Busy" and not _told_to_go(channel, ami)
    story.requests = [asked for asked in story.requests if _counts(story, asked, at)]
    story.requests.append(Request(channel, at, from_afar=from_afar))


def _has_no_part(tracker: Tracker, story: Story, channel: Channel) -> bool:
    """Whether the call goes on (or not) whatever this channel does: it never answered, or gave the call away."""
    ring = channel.ring
    if isinstance(ring, Ring) and ring.shown and not ring.own and not ring.connected:
        return True
    gave = [move.by for move in story.moves[-1:]] + [stay.by for stay in story.stays[-1:]]
    return channel.extension is not None and channel.extension in gave and not tracker.switch.across(channel)


def _told_to_go(channel: Channel, ami: Message) -> bool:
    """Whether a caller whose call was never answered only confirms what the PBX told him: busy, no such number."""
    return channel.rung_in and channel.state == "Ring" and ami.get("Cause") in CAUSES


def _counts(story: Story, asked: Request, at: At) -> bool:
    """Who left first ended the call, unless it went on for a moment without him."""
    if asked.channel.uniqueid in story.live or asked.at is None or at is None:
        return True
    return at - asked.at < AFTERWARDS


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
