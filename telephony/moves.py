"""How a call moves on: holds, queues, pickup, parking, conferences, voicemail."""

from telephony.answering import picked_up
from telephony.channels import PLAIN, Headers, Message
from telephony.story import At, Ring, Stay, Story
from telephony.tracker import Tracker

PICKED = Headers("Target")
PARKEE = Headers("Parkee")
PARKER = Headers("Parker")
RETRIEVER = Headers("Retriever")
LOCAL_ONE = Headers("LocalOne")
LOCAL_TWO = Headers("LocalTwo")

# ---- hold


def hold(tracker: Tracker, ami: Message, at: At) -> None:
    if ami.get("Status") == "Off":
        unhold(tracker, ami, at)
        return
    channel = tracker.channel(ami, at)
    if channel is not None:
        story = tracker.story_of[channel.uniqueid]
        story.hold(channel, at)
        tracker.touch_phone(channel)
        tracker.touch(story)


def unhold(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    if channel is not None and channel.held:
        story = tracker.story_of[channel.uniqueid]
        story.unhold(channel, at)
        tracker.touch_phone(channel)
        tracker.touch(story)


# ---- queues


def queue_join(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    queue = ami.get("Queue")
    if channel is None or not queue:
        return
    story = tracker.story_of[channel.uniqueid]
    if (move := story.pending()) is not None and len(story.rings) == move.since:
        move.to = queue
    elif story.restless is channel and story.answered:
        tracker.redirected(story, queue)
    story.goes_on()
    story.enters(queue)
    story.in_queue, story.unqueued_at = True, None
    story.queued_at = story.queued_at or at
    channel.talking = False
    tracker.touch_phone(channel)
    tracker.touch(story)


def queue_leave(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    if story.in_queue:
        story.in_queue, story.unqueued_at = False, at
        tracker.touch(story)


def queue_abandon(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    if (queue := ami.get("Queue")) and queue not in story.queues:
        story.enters(queue)
    story.abandoned = not story.answered
    tracker.touch(story)


# ---- pickup


def pickup(tracker: Tracker, ami: Message, at: At) -> None:
    taker = tracker.channel(ami, at)
    rung = tracker.channel(ami, at, PICKED)
    if taker is None or rung is None:
        return
    story = tracker.merge(tracker.story_of[rung.uniqueid], tracker.story_of[taker.uniqueid], at)
    ring = rung.ring
    if isinstance(ring, Ring) and not ring.connected:
        ring.result, ring.ended_at = "cancelled", at
        ring.answered = False
    if isinstance(taker.ring, Ring) and taker.ring.own and taker.ring in story.rings:
        story.rings.remove(taker.ring)
        taker.ring = None
    if isinstance(taker.ring, Ring) and taker.ring.connected:
        return
    for other in story.legs():
        if other.open and other.extension == taker.extension:
            other.result, other.ended_at = "cancelled", at
    picked_up(tracker, taker, story, at)
    taker.talking = True
    tracker.joins(story, taker.extension, at)
    story.goes_on()
    tracker.touch_phone(taker)
    tracker.touch_phone(rung)


# ---- parking


def parked(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at, PARKEE) if PARKEE.channel in ami else tracker.channel(ami, at)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    if story.parked() is not None:
        return
    by = ami.get("ParkerDialString") or ami.get(PARKER.channel) or ami.get("From") or ""
    if (move := story.pending()) is not None and len(story.rings) == move.since:
        story.moves.pop()
    endpoint = tracker.switch.endpoints.of_device(by) if by in ("", ami.get("ParkerDialString")) else None
    if endpoint is None or not by:
        endpoint = tracker.switch.endpoints.of_channel(by) if by else None
    story.stays.append(Stay(channel, endpoint.extension if endpoint is not None else None, at))
    channel.talking = False
    for other in story.live.values():
        story.unhold(other, at)
    story.goes_on()
    tracker.touch_phone(channel)
    tracker.touch(story)


def unparked(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at, PARKEE) if PARKEE.channel in ami else tracker.channel(ami, at)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    stay = story.parked()
    retriever = tracker.channel(ami, at, RETRIEVER) if ami.get(RETRIEVER.uniqueid) else None
    if retriever is None and ami.get("From"):
        retriever = tracker.switch.by_name.get(ami["From"])
    if stay is not None:
        stay.open, stay.until = False, at
        stay.by_whom = retriever.extension if retriever is not None else None
    if retriever is not None:
        story = tracker.merge(story, tracker.story_of[retriever.uniqueid], at)
        tracker.joins(story, retriever.extension, at)
        tracker.touch_phone(retriever)
    story.goes_on()
    tracker.touch(story)


def park_over(tracker: Tracker, ami: Message, at: At) -> None:
    """Nobody came for it: it goes back, or its party hung up."""
    channel = tracker.channel(ami, at, PARKEE) if PARKEE.channel in ami else tracker.channel(ami, at)
    if channel is None:
        return
    story = tracker.story_of[channel.uniqueid]
    if (stay := story.parked()) is not None:
        stay.open, stay.until = False, at
    tracker.touch_phone(channel)
    tracker.touch(story)


# ---- conferences


def conference_join(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.channel(ami, at)
    room = ami.get("Conference") or ami.get("Meetme")
    if channel is None or not room or not channel.person:
        return
    story = tracker.story_of[channel.uniqueid]
    story.conference = room
    if not story.answered:
        story.answered, story.answered_at = True, at
    if (move := story.pending()) is not None:
        move.result = "answered"
    story.goes_on()
    channel.talking = True
    tracker.touch_phone(channel)
    tracker.touch(story)


# ---- voicemail, click to call


def message_waiting(tracker: Tracker, ami: Message, at: At) -> None:
    """Somebody left a message: the call it names, else that of the box's owner which talks to nobody."""
    mailbox = ami.get("Mailbox", "").partition("@")[0]
    if ami.get("Waiting", "0") in ("0", "") or not mailbox:
        return
    channel = tracker.switch.known(ami, PLAIN)
    if channel is not None:
        _left_message(tracker, tracker.story_of[channel.uniqueid], mailbox)
        return
    waiting = [story for story in dict.fromkeys(tracker.stories.values()) if _may_leave_message(story)]
    fitting = [story for story in waiting if _meant_for(story, mailbox)]
    for story in (fitting or (waiting if len(waiting) == 1 else []))[-1:]:
        _left_message(tracker, story, mailbox)


def _left_message(tracker: Tracker, story: Story, mailbox: str) -> None:
    """Who listens to his own box changes its lamp, too."""
    if story.caller_extension() != mailbox:
        story.voicemail = True
        tracker.touch(story)


def variable_set(tracker: Tracker, ami: Message, at: At) -> None:
    """VoiceMail() says how it ended; never needed, heard only in recordings."""
    if ami.get("Variable") != "VMSTATUS" or ami.get("Value") != "SUCCESS":
        return
    channel = tracker.switch.known(ami, PLAIN)
    if channel is not None:
        _left_message(tracker, tracker.story_of[channel.uniqueid], "")


def _may_leave_message(story: Story) -> bool:
    alone = story.root.state == "Up" and story.root.uniqueid in story.live
    nobody = all(not ring.open for ring in story.legs()) and not any(c.talking for c in story.live.values())
    return alone and nobody and not story.voicemail


def _meant_for(story: Story, mailbox: str) -> bool:
    return story.root.extension != mailbox and (
        story.asked_for == mailbox or any(ring.extension == mailbox for ring in story.legs())
    )


def originate_response(tracker: Tracker, ami: Message, at: At) -> None:
    """Where a click-to-call was to go; of one that nobody picked up only the phone's name is told."""
    exten, endpoint = ami.get("Exten", ""), ami.get("Channel", "")
    if not exten.lstrip("+").isdigit():
        return
    channel = tracker.switch.known(ami, PLAIN)
    if channel is not None:
        stories = [tracker.story_of[channel.uniqueid]]
    else:
        live = [story for story in tracker.stories.values() if story.originated and not story.own_answered]
        stories = [story for story in live if story.root.name.rpartition("-")[0] == endpoint]
    for story in stories[-1:]:
        if story.originated:
            story.asked_for = exten
            tracker.touch(story)
    unheard = tracker.unheard
    if not stories and unheard is not None and unheard.root.name.rpartition("-")[0] == endpoint:
        unheard.asked_for = exten
        tracker.hear_out()


def rename(tracker: Tracker, ami: Message, at: At) -> None:
    channel = tracker.switch.known(ami, PLAIN)
    if channel is not None and (name := ami.get("Newname")):
        tracker.touch_phone(channel)
        tracker.switch.rename(channel, name)
        tracker.touch_phone(channel)


def new_callerid(tracker: Tracker, ami: Message, at: At) -> None:
    """The network told the caller's number only after the first ring (analog lines)."""
    channel = tracker.switch.known(ami, PLAIN)
    if channel is None or channel.number or not (number := ami.get("CallerIDNum")):
        return
    story = tracker.story_of[channel.uniqueid]
    if story.root is channel and not story.rings and not story.originated:
        channel.number = story.caller_number = number
        story.caller = None
        story.caller_name = story.caller_name or ami.get("CallerIDName", "")
        tracker.touch(story)


def local_bridge(tracker: Tracker, ami: Message, at: At) -> None:
    one = tracker.channel(ami, at, LOCAL_ONE)
    two = tracker.channel(ami, at, LOCAL_TWO)
    if one is None or two is None:
        return
    one.other, two.other = two, one
    story = tracker.merge(tracker.story_of[one.uniqueid], tracker.story_of[two.uniqueid], at)
    if story.root is one:
        one.side, two.side = "B", "A"
    else:
        two.side = two.side or one.side
