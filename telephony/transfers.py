"""Transfers: blind, attended, completed while it rings, three-way; by whom, to whom, and how they came out."""

from telephony.channels import Channel, Headers, Message
from telephony.story import At, Joined, Move, Ring, Story
from telephony.tracker import Tracker
from telephony.uniqueid import sequence

TRANSFERER = Headers("Transferer")
TRANSFEREE = Headers("Transferee")
FIRST = Headers("OrigTransferer")
SECOND = Headers("SecondTransferer")
TARGET = Headers("TransferTarget")


def blind_transfer(tracker: Tracker, ami: Message, at: At) -> None:
    transferer = tracker.channel(ami, at, TRANSFERER)
    if transferer is None:
        return
    story = tracker.story_of[transferer.uniqueid]
    if story.parked() is not None:
        return
    move = _guessed(story, transferer)
    if move is None:
        move = tracker.begin_transfer(story, "blind", transferer.extension, ami.get("Extension"), at)
        if ami.get("Result", "Success") != "Success":
            move.result = "failed"
            return
    story.goes_on()
    for channel in story.live.values():
        story.unhold(channel, at)
    transferee = tracker.channel(ami, at, TRANSFEREE) if ami.get(TRANSFEREE.uniqueid) else None
    if transferee is not None and move.result is None:
        transferee.talking = False
        tracker.touch_phone(transferee)


def _guessed(story: Story, transferer: Channel) -> Move | None:
    """The transfer that was seen before it was told: its party had already gone on elsewhere."""
    move = story.moves[-1] if story.moves else None
    if move is None or not move.guessed or transferer.ring in story.rings[move.since :]:
        return None
    move.by, move.guessed = transferer.extension, False
    return move


def attended_transfer(tracker: Tracker, ami: Message, at: At) -> None:
    first = tracker.channel(ami, at, FIRST)
    second = tracker.channel(ami, at, SECOND) or first
    if first is None or second is None:
        return
    target = tracker.channel(ami, at, TARGET) if ami.get(TARGET.uniqueid) else None
    story, consulted = tracker.story_of[first.uniqueid], tracker.story_of[second.uniqueid]
    if sequence(second.born) < sequence(first.born):
        target = tracker.channel(ami, at, TRANSFEREE) if ami.get(TRANSFEREE.uniqueid) else None
        story, consulted, first, second = consulted, story, second, first
    to = _whom(tracker, consulted, first, second, target)
    if ami.get("Result", "Success") != "Success" or ami.get("DestType") == "Fail":
        move = tracker.begin_transfer(story, "attended", first.extension, None, at)
        move.to, move.result = to, "failed"
        return
    _complete(tracker, (first, second), (target, to), at)


def _complete(
    tracker: Tracker, transferers: tuple[Channel, Channel], to: tuple[Channel | None, str | None], at: At
) -> None:
    (first, second), (target, name) = transferers, to
    talks = _asked(tracker.story_of[second.uniqueid], first, second)
    story = tracker.merge(tracker.story_of[first.uniqueid], tracker.story_of[second.uniqueid], at)
    for channel in story.live.values():
        story.unhold(channel, at)
    move = tracker.begin_transfer(story, "attended", first.extension, None, at)
    move.to = name
    story.goes_on()
    ringing = [ring for ring in story.legs() if ring.open and ring.channel.uniqueid in story.live]
    if talks is not None and talks.connected:
        _reached(tracker, story, talks, move)
    elif target is not None and target.person and not ringing:
        if all(joined.extension != target.extension for joined in story.joined):
            story.joins(target.extension, at)
        move.result = "answered"
    else:
        for ring in ringing:
            ring.consult = False
            move.since = min(move.since, story.rings.index(ring))
        if len(ringing) > 1 and second.exten.isdigit():
            move.to = tracker.number(second.exten)
        if story.in_queue and story.queues:
            move.to = story.queues[-1]


def _reached(tracker: Tracker, story: Story, ring: Ring, move: Move) -> None:
    ring.consult = False
    move.result = "answered"
    if all(joined.extension != ring.extension for joined in story.joined):
        story.joins(ring.extension, ring.answered_at)
    else:
        story.joined.append(Joined(ring.extension, ring.answered_at))
    tracker.touch_phone(ring.channel)


def _asked(story: Story, first: Channel, second: Channel) -> Ring | None:
    """The leg of whom the transferer asked: the last that is still there and belongs to the consultation."""
    apart = first.born != second.born
    for ring in reversed(story.legs()):
        if ring.channel.uniqueid not in story.live or ring.extension == first.extension is not None:
            continue
        if ring.consult or (apart and ring.channel.born == second.born):
            return ring
    return None


def _whom(tracker: Tracker, consulted: Story, first: Channel, second: Channel, target: Channel | None) -> str | None:
    """The extension, number or queue a transfer leads to."""
    if target is not None and target.person:
        if target.extension is not None:
            return target.extension
        ring = target.ring
        return ring.number if isinstance(ring, Ring) and ring.number else tracker.number(target.number)
    if (asked := _asked(consulted, first, second)) is not None:
        return asked.extension or asked.number
    if consulted.in_queue and first.born != second.born:
        return consulted.queues[-1]
    return tracker.number(second.exten) if second.exten not in ("", "s") else None
