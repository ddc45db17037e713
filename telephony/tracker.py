"""What it means: Asterisk's events become logical calls, each one record.

`Tracker.receive` is the only door. Channels and bridges are kept by `channels.Switch`; every handler below
turns one kind of event into facts of a `Story`. Whatever a handler touched is written anew and told as the
difference to what was told last: no flag says "already told".
"""

from collections import OrderedDict

from domain.calls import EndedBy
from telephony.announce import Told
from telephony.channels import PLAIN, Channel, Headers, Message, Switch
from telephony.endpoints import Endpoints
from telephony.lingering import has_passed, lingers
from telephony.outcome import ended_by, refine, transfer_result
from telephony.record import Names, Number, write
from telephony.story import At, Move, MoveKind, Ring, Story
from telephony.uniqueid import second_of, sequence

REMEMBERED = 8192
"""How many ended channels are remembered, so that a late or repeated event does not bring one back."""


class Tracker:
    """All calls of one PBX."""

    def __init__(self, pbx: str, endpoints: Endpoints, number: Number, names: Names) -> None:
        self.pbx = pbx
        self.switch = Switch(endpoints)
        self.number = number
        self.names = names
        self.stories: dict[str, Story] = {}
        """By linkedid of the call, and of every call that was merged into it."""
        self.story_of: dict[str, Story] = {}
        """By uniqueid of the channel."""
        self.touched: dict[str, Story] = {}
        self.told: list[Told] = []
        self.phones: set[str] = set()
        """Extensions whose channels changed since somebody last looked."""
        self.unheard: Story | None = None
        """The last click-to-call nobody picked up: whom it was for may be told after its end."""
        self._gone: OrderedDict[str, None] = OrderedDict()

    def channel(self, ami: Message, at: At, headers: Headers = PLAIN) -> Channel | None:
        """The channel an event is about; met now, in mid-call, where it is not known."""
        uniqueid = ami.get(headers.uniqueid)
        channel = self.switch.channels.get(uniqueid) if uniqueid else self.switch.known(ami, headers)
        if channel is not None:
            name = ami.get(headers.channel)
            if name and name != channel.name:
                self.switch.rename(channel, name)
            return channel
        if not uniqueid or uniqueid in self._gone:
            return None
        channel = self.switch.meet(ami, headers)
        if channel is not None:
            self.adopt(channel, at, complete=False)
        return channel

    def adopt(self, channel: Channel, at: At, *, complete: bool) -> Story:
        """Find or open the call a new channel belongs to."""
        story = self.stories.get(channel.linkedid)
        if story is None and (root := self.story_of.get(channel.linkedid)) is not None:
            story = root
        if story is None:
            story = self._open(channel, at, complete=complete)
        elif not complete:
            story.complete = False
            if sequence(channel.uniqueid) < sequence(story.root.uniqueid):
                self.earlier(story, channel)
        self.move(channel, story)
        return story

    def _open(self, channel: Channel, at: At, *, complete: bool) -> Story:
        linkedid = channel.linkedid
        if linkedid != channel.uniqueid and (complete or linkedid in self._gone):
            linkedid = channel.uniqueid
        started = at if complete else (second_of(linkedid) if at is not None else None)
        story = Story(self.pbx, linkedid, channel, started, complete=complete)
        story.asked_for = channel.exten
        self.stories[linkedid] = story
        return story

    def earlier(self, story: Story, channel: Channel) -> None:
        """Met in mid-call: this channel is older than the one taken for the caller's."""
        story.root = channel
        story.caller = None
        story.caller_endpoint = channel.endpoint
        story.caller_number, story.caller_name = channel.number, channel.owner_name
        story.asked_for = channel.exten

    def move(self, channel: Channel, story: Story) -> None:
        """Put a channel into a call; the one it came from ends if that was its last."""
        before = self.story_of.get(channel.uniqueid)
        if before is story:
            return
        if before is not None:
            before.live.pop(channel.uniqueid, None)
            self.touch(before)
            if not before.live:
                self._forget(before)
                self._tell_merged(before, story)
        self.story_of[channel.uniqueid] = story
        channel.born = story.linkedid
        story.live[channel.uniqueid] = channel
        story.ever_person = story.ever_person or channel.person
        if before is not None or story.told is None:
            self.touch(story)

    def merge(self, first: Story, second: Story, at: At) -> Story:
        """Two calls turned out to be one: the older keeps its record, the other leaves none."""
        if first is second:
            return first
        into, gone = (first, second) if older(first, second) else (second, first)
        into.absorb(gone)
        for uniqueid in gone.live:
            self.story_of[uniqueid] = into
        gone.live = {}
        for linkedid in [key for key in gone.linkedids if self.stories.get(key) is gone]:
            self.stories[linkedid] = into
        self.touched.pop(gone.linkedid, None)
        gone.ended_at = at
        self._tell_merged(gone, into)
        self.touch(into)
        return into

    def _tell_merged(self, gone: Story, into: Story) -> None:
        if gone.told is not None:
            gone.ended = True
            self.told.append(Told(gone.told, write(gone, self.number, self.names), into.id))

    def touch(self, story: Story) -> None:
        self.touched[story.linkedid] = story

    def touch_phone(self, channel: Channel) -> None:
        if channel.extension is not None:
            self.phones.add(channel.extension)

    def _forget(self, story: Story) -> None:
        for linkedid in [key for key in story.linkedids if self.stories.get(key) is story]:
            del self.stories[linkedid]
            self.remember(linkedid)
        self.touched.pop(story.linkedid, None)

    def has_gone(self, uniqueid: str) -> bool:
        """Whether this channel, or call, has ended: what comes of it now is late."""
        return uniqueid in self._gone

    def remember(self, uniqueid: str) -> None:
        """Keep in mind that this channel has ended."""
        self._gone[uniqueid] = None
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)

    def gone(self, channel: Channel, story: Story, at: At, cause: str) -> None:
        """A channel ended, whatever it was."""
        story.unhold(channel, at)
        ring = channel.ring
        if isinstance(ring, Ring):
            if ring.open:
                ring.cause = ring.cause or ("elsewhere" if cause == "26" else None)
                ring.end(_closing(story, ring, cause), at)
            refine(ring, cause)
            ring.ended_at = at if ring.connected else ring.ended_at or at
        if channel is story.root:
            story.root_cause = cause
        if (stay := story.parked()) is not None and stay.channel is channel:
            stay.open, stay.until = False, at
        channel.talking = False
        story.live.pop(channel.uniqueid, None)
        del self.story_of[channel.uniqueid]
        self.remember(channel.uniqueid)
        if sum(other.person and not _left_behind(other) for other in story.live.values()) >= 2:
            story.requests = [asked for asked in story.requests if asked.channel is not channel]
            story.leavers = [left for left in story.leavers if left is not channel]
        self.switch.forget(channel)
        self.touch_phone(channel)
        self.touch(story)

    def close(self, story: Story, at: At, by: EndedBy | None) -> None:
        """The call is over."""
        for uniqueid, channel in list(story.live.items()):
            story.unhold(channel, at)
            self.switch.forget(channel)
            self.story_of.pop(uniqueid, None)
            self.remember(uniqueid)
            self.touch_phone(channel)
        story.live = {}
        _settle(story, at, "cancelled" if by is None else "no_answer")
        story.ended, story.ended_at = True, at
        story.ended_by = by or ("restart" if story.shut_down else ended_by(story))
        self._forget(story)
        if story.originated and not story.own_answered:
            self.hear_out()
            self.unheard = story
        else:
            self._last_word(story)

    def hear_out(self) -> None:
        """Tell the end of a click-to-call that waited to be told where it was to go."""
        if (story := self.unheard) is not None:
            self.unheard = None
            self._last_word(story)

    def _last_word(self, story: Story) -> None:
        """Tell the end of a call."""
        if story.ever_person:
            after = write(story, self.number, self.names)
            self.told.append(Told(story.told, after, None))
            story.told = after

    def joins(self, story: Story, extension: str | None, at: At) -> None:
        """Somebody came to talk: it also tells how a transfer on its way came out."""
        story.joins(extension, at)
        if (move := story.pending()) is not None:
            move.result = "returned" if extension is not None and extension == move.by else "answered"

    def begin_transfer(self, story: Story, kind: MoveKind, by: str | None, to: str | None, at: At) -> Move:
        """A transfer is on its way; one before it that nobody answered is settled."""
        if (before := story.pending()) is not None:
            before.result = "no_answer"
        move = Move(kind, by, self.number(to) if to else None, at)
        move.since = len(story.rings)
        story.moves.append(move)
        self.touch(story)
        return move

    def redirected(self, story: Story, to: str) -> None:
        """Who talked goes on elsewhere without having hung up; whose doing it was may still be told."""
        self.begin_transfer(story, "blind", None, to, story.restless_at).guessed = True

    def channels_of(self, extension: str) -> list[tuple[Story, Channel]]:
        """The live channels of an extension, each with its call."""
        found = self.switch.by_extension.get(extension, {})
        return [(story, channel) for key, channel in found.items() if (story := self.story_of.get(key))]

    def collect(self, at: At) -> list[Told]:
        """What changed since it was last asked, oldest first."""
        if self.unheard is not None and has_passed(self.unheard.ended_at, at):
            self.hear_out()
        if self.touched:
            lingering: dict[str, Story] = {}
            for story in list(self.touched.values()):
                if not story.ever_person:
                    continue
                if lingers(story, self.switch, at):
                    lingering[story.linkedid] = story
                    continue
                after = write(story, self.number, self.names)
                if after != story.told:
                    self.told.append(Told(story.told, after, None))
                    story.told = after
            self.touched = lingering
        told, self.told = self.told, []
        return told


def older(first: Story, second: Story) -> bool:
    """Whether `first` began before `second`: it keeps its record when they become one."""
    if first.started is not None and second.started is not None and first.started != second.started:
        return first.started < second.started
    return sequence(first.linkedid) <= sequence(second.linkedid)


def _left_behind(channel: Channel) -> bool:
    """Whether this channel is alone where it talked to somebody before."""
    return channel.bridge is not None and channel.bridge.mixing and len(channel.bridge.members) == 1


def _closing(story: Story, ring: Ring, cause: str) -> str:
    if not ring.shown or (cause == "26" and not ring.answered):
        return "cancelled"
    gives_up = bool(story.requests) and story.requests[0].from_afar and story.is_caller(story.requests[0].channel)
    return "cancelled" if gives_up else "no_answer"


def _settle(story: Story, at: At, unanswered: str) -> None:
    """Bring everything that was still open in a call to its end."""
    for uniqueid in list(story.holding):
        story.held.append((story.holding.pop(uniqueid), at))
    for ring in story.rings:
        if ring.open:
            ring.end(unanswered, at)
        elif ring.ended_at is None:
            ring.ended_at = at
    if (move := story.pending()) is not None:
        move.result = transfer_result(story, move.since)
    if (stay := story.parked()) is not None:
        stay.open, stay.until = False, at
    if not story.answered and len(story.talked_unseen) > 1:
        for channel in story.talked_unseen:
            if channel is not story.root:
                story.joins(channel.extension, None)
