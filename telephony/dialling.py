"""Dial events: one ring attempt each, found again behind Local channels, transfers and recalls."""

from telephony.answering import answered
from telephony.channels import DEST, Channel, Message
from telephony.living import originated
from telephony.outcome import STATUS
from telephony.story import At, Ring, Story
from telephony.tracker import Tracker

FOLLOW_ME = "/m"
"""How FollowMe() dials its Local channels; it reports them answered before anybody has accepted."""


def dial_begin(tracker: Tracker, ami: Message, at: At) -> None:
    dest = tracker.channel(ami, at, DEST)
    dialer = tracker.channel(ami, at) if ami.get("Uniqueid") or ami.get("Channel") else None
    if dest is None or dest is dialer:
        return
    if dialer is None:
        _originating(tracker, dest, ami, at)
        return
    story = _dialling_story(tracker, dialer, dest, at)
    if dialer.person and story.root is dialer and not story.originated and not story.asked_for:
        story.asked_for = ami.get("Exten", "")
    if story.originated and dialer.side == "B" and not story.legs():
        story.asked_for = ami.get("Exten") or story.asked_for
    if dest.ring is not None and isinstance(dest.ring, Ring) and not dest.ring.connected:
        _rung_for_another(tracker, dest.ring, dialer)
    else:
        _rung(tracker, dialer, dest, story, ami, at)
    if dialer.person:
        if story.restless is dialer and story.answered and story.pending() is None:
            tracker.redirected(story, ami.get("Exten", ""))
        if dialer.talking:
            dialer.talking = False
            tracker.touch_phone(dialer)
    story.goes_on()
    tracker.touch(story)


def _dialling_story(tracker: Tracker, dialer: Channel, dest: Channel, at: At) -> Story:
    story, other = tracker.story_of[dialer.uniqueid], tracker.story_of[dest.uniqueid]
    if other is story:
        return story
    if other.root is dest or dest.ring is not None or dest.endpoint.kind == "local":
        return tracker.merge(story, other, at)
    tracker.move(dest, story)
    return story


def _originating(tracker: Tracker, dest: Channel, ami: Message, at: At) -> None:
    story = _recalling(tracker, dest, at) or tracker.story_of[dest.uniqueid]
    if dest.ring is not None:
        return
    if dest is story.root and dest.person:
        ring = originated(tracker, dest, story, at)
    else:
        ring = Ring(dest, None, at)
        ring.own = dest.person and dest.side == "A"
        dest.ring = ring
        story.rings.append(ring)
    if ami.get("DestChannelStateDesc") == "Ringing":
        ring.rang, ring.rang_at = True, ring.rang_at or at
    tracker.touch_phone(dest)
    tracker.touch(story)


def _recalling(tracker: Tracker, dest: Channel, at: At) -> Story | None:
    """Nobody answered a transfer that was completed while it rang: the PBX calls back who made it."""
    if dest.extension is None:
        return None
    for story in tracker.stories.values():
        move = story.pending()
        if move is not None and move.kind == "attended" and move.by == dest.extension:
            tracker.move(dest, story)
            return story
    return None


def _rung_for_another(tracker: Tracker, ring: Ring, dialer: Channel) -> None:
    """The same phone goes on ringing for another party: transferred while it rang."""
    ring.dialer, ring.parent = dialer, None
    ring.answered = False
    ring.result, ring.ended_at, ring.cause = None, None, None


def _rung(tracker: Tracker, dialer: Channel, dest: Channel, story: Story, ami: Message, at: At) -> None:
    ring = Ring(dest, dialer, at)
    dest.side = dialer.side
    if dest.other is not None and not dest.other.side:
        dest.other.side = dialer.side
    ring.own = dest.side == "A" and dest.person
    ring.asks = not ring.shown and ami.get("DialString", "").endswith(FOLLOW_ME)
    parent = ring.up()
    ring.consult = (parent is not None and parent.consult) or _consults(dialer, story)
    if ring.shown and ring.extension is None:
        ring.number = tracker.number(_dialled(ami.get("DialString", ""), ami.get("DestCallerIDNum", "")))
    if ami.get("DestChannelStateDesc") == "Ringing":
        ring.rang, ring.rang_at = True, at
        tracker.touch_phone(dest)
    dest.ring = ring
    story.rings.append(ring)


def dial_state(tracker: Tracker, ami: Message, at: At) -> None:
    if ami.get("DialStatus") not in ("RINGING", "PROGRESS"):
        return
    dest = tracker.channel(ami, at, DEST)
    if dest is not None and isinstance(dest.ring, Ring) and not dest.ring.rang and dest.ring.shown:
        dest.ring.rang, dest.ring.rang_at = True, dest.ring.rang_at or at
        tracker.touch_phone(dest)
        tracker.touch(tracker.story_of[dest.uniqueid])


def dial_end(tracker: Tracker, ami: Message, at: At) -> None:
    dest = tracker.channel(ami, at, DEST)
    if dest is None or (story := tracker.story_of.get(dest.uniqueid)) is None:
        return
    ring = dest.ring
    if not isinstance(ring, Ring):
        ring = _ring_seen_late(tracker, dest, story, ami, at)
        story = tracker.story_of[dest.uniqueid]
    status = ami.get("DialStatus", "")
    if ami.get("Forward") and ring.open:
        ring.forwarded_to = tracker.number(_forward(ami["Forward"]))
        ring.end("no_answer", at)
    elif status == "ANSWER" and not ring.refused:
        if not ring.asks:
            answered(tracker, ring, story, at)
    elif ring.shown:
        if ring.open:
            ring.end(_given_up(story, ring, "no_answer" if ring.refused else STATUS.get(status, "no_answer")), at)
    else:
        ring.result = ring.result or STATUS.get(status, "no_answer")
    if ring.shown:
        tracker.touch_phone(dest)
        tracker.touch(story)


def _ring_seen_late(tracker: Tracker, dest: Channel, story: Story, ami: Message, at: At) -> Ring:
    """The dial began before we were connected."""
    dialer = tracker.channel(ami, at) if ami.get("Uniqueid") else None
    if dialer is not None and tracker.story_of[dialer.uniqueid] is not story:
        story = tracker.merge(tracker.story_of[dialer.uniqueid], story, at)
    ring = Ring(dest, dialer, at if story.complete else None)
    ring.own = dest.side == "A" and dest.person
    if story.root is dest and dialer is not None:
        tracker.earlier(story, dialer)
    dest.ring = ring
    story.rings.append(ring)
    return ring


def _given_up(story: Story, ring: Ring, result: str) -> str:
    """The PBX, not the caller, stops the ringing of a consultation, or of a transfer completed while it rang."""
    move = story.pending()
    consults = ring.consult or (move is not None and move.kind == "attended")
    if result != "cancelled" or not consults or story.requests:
        return result
    others = [other for other in story.legs() if other.open or other.dialer is ring.dialer]
    elsewhere = any(other is not ring and other.channel.state == "Up" for other in others)
    return "cancelled" if elsewhere else "no_answer"


def _consults(dialer: Channel, story: Story) -> bool:
    """Whether this dial asks somebody while the first party is kept waiting (Asterisk's own attended transfer)."""
    if not story.answered or not story.holding or story.pending() is not None:
        return False
    if dialer.second_half:
        return dialer.other is not None and dialer.other.ring is None and dialer.other is not story.root
    return dialer.person and dialer.held


def _dialled(dial_string: str, number: str) -> str:
    """The number sent to a trunk: of "number@trunk", "trunk/number", or the callee's own."""
    for part in (dial_string.partition("@")[0], dial_string.rpartition("/")[2]):
        if part.lstrip("+").isdigit() and len(part) > 2:
            return part
    return number


def _forward(target: str) -> str:
    """The number in "Local/205@context", "SIP/205" or "205"."""
    return target.partition("/")[2].partition("@")[0] if "/" in target else target.partition("@")[0]
