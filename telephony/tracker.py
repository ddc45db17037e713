"""What it means: Asterisk's events become logical calls, each one record.

`Tracker.receive` is the only door. Channels and bridges are kept by `channels.Switch`; every handler below
turns one kind of event into facts of a `Story`. Whatever a handler touched is written anew and told as the
difference to what was told last: no flag says "already told".
"""

from collections import OrderedDict
from datetime import UTC, datetime

from domain.calls import EndedBy
from telephony.announce import Told
from telephony.channels import DEST, PLAIN, Bridge, Channel, Headers, Message, Switch
from telephony.endpoints import Endpoints
from telephony.outcome import STATUS, hung_up_by, refine, transfer_result
from telephony.record import Names, Number, write
from telephony.story import At, Move, MoveKind, Ring, Story

REDIRECTED = "2"
SHUTTING_DOWN = "4"
"""A SoftHangupRequest's `Cause` is why Asterisk itself lets go: AST_SOFTHANGUP_ASYNCGOTO, …_SHUTDOWN."""
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

    # ---- channels and their calls

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
                self._earlier(story, channel)
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

    def _earlier(self, story: Story, channel: Channel) -> None:
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
            if not before.live and before is not story:
                self._forget(before)
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
        for linkedid in [key for key, story in self.stories.items() if story is gone]:
            self.stories[linkedid] = into
        self.touched.pop(gone.linkedid, None)
        if gone.told is not None:
            gone.ended, gone.ended_at = True, at
            self.told.append(Told(gone.told, write(gone, self.number, self.names), into.id))
        self.touch(into)
        return into

    def touch(self, story: Story) -> None:
        self.touched[story.linkedid] = story

    def touch_phone(self, channel: Channel) -> None:
        if channel.extension is not None:
            self.phones.add(channel.extension)

    def _forget(self, story: Story) -> None:
        for linkedid in [key for key, kept in self.stories.items() if kept is story]:
            del self.stories[linkedid]
            self._remember(linkedid)
        self.touched.pop(story.linkedid, None)

    def _remember(self, uniqueid: str) -> None:
        self._gone[uniqueid] = None
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)

    # ---- the life of a channel

    def new_channel(self, ami: Message, at: At) -> None:
        if ami.get("Uniqueid") in self.switch.channels or ami.get("Uniqueid") in self._gone:
            return
        channel = self.switch.meet(ami, PLAIN)
        if channel is not None:
            story = self.adopt(channel, at, complete=True)
            if story.root is channel and channel.endpoint.kind == "local":
                channel.side = "B"
            self.touch_phone(channel)

    def new_state(self, ami: Message, at: At) -> None:
        channel = self.channel(ami, at)
        if channel is None:
            return
        state = ami.get("ChannelStateDesc", "")
        if (exten := ami.get("Exten")) and not channel.exten:
            channel.exten = exten
        if state == channel.state:
            return
        channel.state = state
        if state == "Ring":
            self._calls(channel)
        elif state == "Ringing" or state == "Up":
            self._state_of_rung(channel, self.story_of[channel.uniqueid], state, at)

    def _calls(self, channel: Channel) -> None:
        channel.rung_in = True
        story = self.story_of[channel.uniqueid]
        if story.root is channel and not story.asked_for:
            story.asked_for = channel.exten
        self.touch_phone(channel)
        self.touch(story)

    def _state_of_rung(self, channel: Channel, story: Story, state: str, at: At) -> None:
        ring = channel.ring if isinstance(channel.ring, Ring) else None
        if ring is None and story.root is channel and channel.person and not channel.rung_in and story.complete:
            ring = self.originated(channel, story, at)
        if ring is None:
            return
        if state == "Ringing" and not ring.rang:
            ring.rang, ring.rang_at = True, ring.rang_at or at
        elif state == "Up" and ring.own:
            self.answered(ring, story, at)
        else:
            return
        if ring.shown:
            self.touch_phone(channel)
            self.touch(story)

    def originated(self, channel: Channel, story: Story, at: At) -> Ring:
        """The PBX called this phone first: a click-to-call."""
        story.originated, story.caller = True, None
        channel.side = "B"
        if story.asked_for in ("s", ""):
            story.asked_for = ""
        ring = Ring(channel, None, at)
        ring.own = True
        ring.number = None if ring.extension is not None else self.number(channel.number)
        channel.ring = ring
        story.rings.append(ring)
        return ring

    def hangup(self, ami: Message, at: At) -> None:
        channel = self.channel(ami, at)
        if channel is None:
            if uniqueid := ami.get("Uniqueid"):
                self._remember(uniqueid)
            return
        story = self.story_of[channel.uniqueid]
        cause = ami.get("Cause", "")
        self.gone(channel, story, at, cause)
        if not story.live:
            self.close(story, at, None)

    def gone(self, channel: Channel, story: Story, at: At, cause: str) -> None:
        """A channel ended, whatever it was."""
        story.unhold(channel, at)
        ring = channel.ring
        if isinstance(ring, Ring):
            if ring.open:
                ring.cause = ring.cause or ("elsewhere" if cause == "26" else None)
                self._end_ring(ring, _closing(ring, cause), at)
            refine(ring, cause)
            ring.ended_at = at if ring.connected else ring.ended_at or at
        if channel is story.root:
            story.root_cause = cause
        if (stay := story.parked()) is not None and stay.channel is channel:
            stay.open, stay.until = False, at
        channel.talking = False
        story.live.pop(channel.uniqueid, None)
        del self.story_of[channel.uniqueid]
        self._remember(channel.uniqueid)
        people = sum(other.person for other in story.live.values())
        if people >= 2:
            story.requests = [asked for asked in story.requests if asked[0] is not channel]
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
            self._remember(uniqueid)
            self.touch_phone(channel)
        story.live = {}
        for uniqueid in list(story.holding):
            story.held.append((story.holding.pop(uniqueid), at))
        for ring in story.rings:
            if ring.open:
                self._end_ring(ring, "cancelled" if by is None else "no_answer", at)
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
        story.ended, story.ended_at = True, at
        story.ended_by = by or ("restart" if story.shut_down else hung_up_by(story))
        self._forget(story)
        if story.originated and not story.own_answered:
            self.unheard = story
        self.last_word(story)

    def last_word(self, story: Story) -> None:
        """Tell the end of a call."""
        if story.ever_person:
            after = write(story, self.number, self.names)
            self.told.append(Told(story.told, after, None))
            story.told = after

    # ---- dialling

    def dial_begin(self, ami: Message, at: At) -> None:
        dest = self.channel(ami, at, DEST)
        dialer = self.channel(ami, at) if ami.get("Uniqueid") or ami.get("Channel") else None
        if dest is None or dest is dialer:
            return
        if dialer is None:
            self._originating(dest, ami, at)
            return
        story = self._dialling_story(dialer, dest, at)
        if dialer.person and story.root is dialer and not story.originated and not story.asked_for:
            story.asked_for = ami.get("Exten", "")
        if story.originated and dialer.side == "B" and not story.legs():
            story.asked_for = ami.get("Exten") or story.asked_for
        if dest.ring is not None and isinstance(dest.ring, Ring) and not dest.ring.connected:
            self._rung_for_another(dest.ring, dialer)
        else:
            self._rung(dialer, dest, story, ami, at)
        if dialer.person:
            if story.restless is dialer and story.answered and story.pending() is None:
                self.redirected(story, ami.get("Exten", ""))
            dialer.talking = False
        story.goes_on()
        self.touch_phone(dialer)
        self.touch(story)

    def _dialling_story(self, dialer: Channel, dest: Channel, at: At) -> Story:
        story, other = self.story_of[dialer.uniqueid], self.story_of[dest.uniqueid]
        if other is story:
            return story
        if other.root is dest or dest.ring is not None or dest.endpoint.kind == "local":
            return self.merge(story, other, at)
        self.move(dest, story)
        return story

    def _originating(self, dest: Channel, ami: Message, at: At) -> None:
        story = self._recalling(dest, at) or self.story_of[dest.uniqueid]
        if dest.ring is not None:
            return
        if dest is story.root and dest.person:
            ring = self.originated(dest, story, at)
        else:
            ring = Ring(dest, None, at)
            ring.own = dest.person and dest.side == "A"
            dest.ring = ring
            story.rings.append(ring)
        if ami.get("DestChannelStateDesc") == "Ringing":
            ring.rang, ring.rang_at = True, ring.rang_at or at
        self.touch_phone(dest)
        self.touch(story)

    def _recalling(self, dest: Channel, at: At) -> Story | None:
        """Nobody answered a transfer that was completed while it rang: the PBX calls back who made it."""
        if dest.extension is None:
            return None
        for story in self.stories.values():
            move = story.pending()
            if move is not None and move.kind == "attended" and move.by == dest.extension:
                self.move(dest, story)
                return story
        return None

    def _rung_for_another(self, ring: Ring, dialer: Channel) -> None:
        """The same phone goes on ringing for another party: transferred while it rang."""
        ring.dialer, ring.parent = dialer, None
        ring.answered = False
        ring.result, ring.ended_at, ring.cause = None, None, None

    def _rung(self, dialer: Channel, dest: Channel, story: Story, ami: Message, at: At) -> None:
        ring = Ring(dest, dialer, at)
        dest.side = dialer.side
        if dest.other is not None and not dest.other.side:
            dest.other.side = dialer.side
        ring.own = dest.side == "A" and dest.person
        parent = ring.up()
        ring.consult = (parent is not None and parent.consult) or _consults(dialer, story)
        if ring.shown and ring.extension is None:
            ring.number = self.number(_dialled(ami.get("DialString", ""), ami.get("DestCallerIDNum", "")))
        if ami.get("DestChannelStateDesc") == "Ringing":
            ring.rang, ring.rang_at = True, at
        dest.ring = ring
        story.rings.append(ring)
        self.touch_phone(dest)

    def dial_state(self, ami: Message, at: At) -> None:
        if ami.get("DialStatus") not in ("RINGING", "PROGRESS"):
            return
        dest = self.channel(ami, at, DEST)
        if dest is not None and isinstance(dest.ring, Ring) and not dest.ring.rang and dest.ring.shown:
            dest.ring.rang, dest.ring.rang_at = True, dest.ring.rang_at or at
            self.touch_phone(dest)
            self.touch(self.story_of[dest.uniqueid])

    def dial_end(self, ami: Message, at: At) -> None:
        dest = self.channel(ami, at, DEST)
        if dest is None or (story := self.story_of.get(dest.uniqueid)) is None:
            return
        ring = dest.ring
        if not isinstance(ring, Ring):
            ring = self._ring_seen_late(dest, story, ami, at)
            story = self.story_of[dest.uniqueid]
        status = ami.get("DialStatus", "")
        if ami.get("Forward") and ring.open:
            ring.forwarded_to = self.number(_forward(ami["Forward"]))
            self._end_ring(ring, "no_answer", at)
        elif status == "ANSWER":
            self.answered(ring, story, at)
        elif ring.shown:
            if ring.open:
                self._end_ring(ring, _given_up(story, STATUS.get(status, "no_answer")), at)
        else:
            ring.result = ring.result or STATUS.get(status, "no_answer")
        if ring.shown:
            self.touch_phone(dest)
            self.touch(story)

    def _ring_seen_late(self, dest: Channel, story: Story, ami: Message, at: At) -> Ring:
        """The dial began before we were connected."""
        dialer = self.channel(ami, at) if ami.get("Uniqueid") else None
        if dialer is not None and self.story_of[dialer.uniqueid] is not story:
            story = self.merge(self.story_of[dialer.uniqueid], story, at)
        ring = Ring(dest, dialer, at if story.complete else None)
        ring.own = dest.side == "A" and dest.person
        if story.root is dest and dialer is not None:
            self._earlier(story, dialer)
        dest.ring = ring
        story.rings.append(ring)
        return ring

    def _end_ring(self, ring: Ring, result: str, at: At) -> None:
        match result:
            case "answered" | "no_answer" | "busy" | "cancelled" | "failed":
                ring.result = result
            case _:
                ring.result = "no_answer"
        ring.ended_at = ring.ended_at or at

    def answered(self, ring: Ring, story: Story, at: At) -> None:
        """A dial was answered; so are the dials behind it whose way is open now."""
        if not ring.answered:
            ring.answered = True
            if not ring.shown:
                for other in story.rings:
                    if other.shown and other.answered and not other.connected and other.open:
                        self._connect(other, story, at)
        if ring.shown:
            self._connect(ring, story, at)

    def _connect(self, ring: Ring, story: Story, at: At) -> None:
        if ring.connected or not ring.way_is_open():
            return
        ring.connected, ring.answered_at, ring.result = True, at, "answered"
        ring.ended_at = None
        channel = ring.channel
        if channel.extension != ring.extension and channel.person and not ring.own:
            ring = self._taken_over(ring, story, at)
        if ring.own:
            story.own_answered = True
        else:
            channel.talking = True
            if not ring.consult:
                self.joins(story, ring.extension, at)
        self.touch_phone(channel)
        self.touch(story)

    def _taken_over(self, ring: Ring, story: Story, at: At) -> Ring:
        """Another phone answers in the place of the one that rang (old Asterisk's masquerade)."""
        ring.connected, ring.answered_at, ring.result, ring.ended_at = False, None, "cancelled", at
        return self.picked_up(ring.channel, story, at)

    def picked_up(self, channel: Channel, story: Story, at: At) -> Ring:
        """A leg for who took a call that rang elsewhere."""
        ring = Ring(channel, None, at)
        ring.answered = ring.connected = True
        ring.answered_at, ring.result = at, "answered"
        channel.ring = ring
        story.rings.append(ring)
        return ring

    def joins(self, story: Story, extension: str | None, at: At) -> None:
        """Somebody came to talk: it also tells how a transfer on its way came out."""
        story.joins(extension, at)
        if (move := story.pending()) is not None:
            move.result = "returned" if extension is not None and extension == move.by else "answered"

    def redirected(self, story: Story, to: str) -> None:
        """Somebody left a conversation and goes on elsewhere, and nobody of the call did it: AMI Redirect."""
        self.begin_transfer(story, "blind", None, to, story.restless_at)

    def begin_transfer(self, story: Story, kind: MoveKind, by: str | None, to: str | None, at: At) -> Move:
        """A transfer is on its way; one before it that nobody answered is settled."""
        if (before := story.pending()) is not None:
            before.result = "no_answer"
        move = Move(kind, by, self.number(to) if to else None, at)
        move.since = len(story.rings)
        story.moves.append(move)
        self.touch(story)
        return move

    # ---- bridges

    def bridge_enter(self, ami: Message, at: At) -> None:
        channel = self.channel(ami, at)
        bridge = self.switch.bridge(ami)
        if channel is None or bridge is None:
            return
        self.switch.enter(channel, bridge)
        if not bridge.mixing:
            return
        story = self._meet(channel, bridge, at)
        ring = channel.ring
        if isinstance(ring, Ring) and not ring.shown and not ring.answered:
            self.answered(ring, story, at)
        if channel.person:
            self._talks(channel, story, at)

    def _meet(self, channel: Channel, bridge: Bridge, at: At) -> Story:
        story = self.story_of[channel.uniqueid]
        for other in list(bridge.members.values()):
            theirs = self.story_of.get(other.uniqueid)
            if theirs is not None and theirs is not story:
                story = self.merged_by_meeting(channel, other, at)
        return story

    def merged_by_meeting(self, one: Channel, two: Channel, at: At) -> Story:
        """Two calls share a conversation: whoever called in the one that disappears has joined the other."""
        stories = (self.story_of[one.uniqueid], self.story_of[two.uniqueid])
        story = self.merge(*stories, at)
        gone = stories[0] if stories[1] is story else stories[1]
        root = gone.root
        if root.uniqueid in story.live and root.person and root.bridge is not None and root.bridge.mixing:
            if all(joined.extension != root.extension for joined in story.joined):
                self.joins(story, root.extension, at)
        return story

    def _talks(self, channel: Channel, story: Story, at: At) -> None:
        company = self.switch.across(channel)
        if not company:
            return
        people = [channel, *company]
        for person in people:
            ring = person.ring
            if isinstance(ring, Ring) and ring.shown and not ring.connected and ring.open:
                self.answered(ring, story, at)
            if story.answered and not person.talking:
                person.talking = True
                self.touch(story)
            self.touch_phone(person)
        story.goes_on()
        self._answered_unseen(channel, company, story)

    def _answered_unseen(self, channel: Channel, company: list[Channel], story: Story) -> None:
        """People talk in a call whose answer we did not hear: it was before we were connected."""
        if story.answered or story.complete:
            return
        for person in (channel, *company):
            if not story.is_caller(person):
                story.joins(person.extension, None)
        for person in (channel, *company):
            person.talking = True
        self.touch(story)

    def bridge_leave(self, ami: Message, at: At) -> None:
        channel = self.channel(ami, at)
        if channel is None:
            return
        bridge, story = channel.bridge, self.story_of[channel.uniqueid]
        company = bridge is not None and bridge.mixing and len(bridge.members) > 1
        if bridge is None and not story.complete and channel.person:
            story.talked_unseen.append(channel)
        self.switch.leave(channel)
        if channel.person and company:
            story.leavers.append(channel)
            if story.restless is None and story.parked() is None and not any(asked[0] is channel for asked in story.requests):
                story.restless, story.restless_at = channel, at
        self.touch_phone(channel)

    # ---- hanging up

    def hangup_request(self, ami: Message, at: At) -> None:
        self._asked_to_end(ami, at, from_afar=True)

    def soft_hangup_request(self, ami: Message, at: At) -> None:
        self._asked_to_end(ami, at, from_afar=False)

    def _asked_to_end(self, ami: Message, at: At, *, from_afar: bool) -> None:
        channel = self.channel(ami, at)
        if channel is None or not channel.person:
            return
        story = self.story_of[channel.uniqueid]
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

    def channels_of(self, extension: str) -> list[tuple[Story, Channel]]:
        """The live channels of an extension, each with its call."""
        found = self.switch.by_extension.get(extension, {})
        return [(story, channel) for key, channel in found.items() if (story := self.story_of.get(key))]

    # ---- telling

    def collect(self) -> list[Told]:
        """What changed since it was last asked, oldest first."""
        if self.touched:
            for story in list(self.touched.values()):
                if not story.ever_person:
                    continue
                after = write(story, self.number, self.names)
                if after != story.told:
                    self.told.append(Told(story.told, after, None))
                    story.told = after
            self.touched.clear()
        told, self.told = self.told, []
        return told


def second_of(linkedid: str) -> At:
    """The second a channel was made, from its uniqueid "[system-]epoch.sequence"."""
    epoch = linkedid.rpartition("-")[2].partition(".")[0]
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 11:
        return None
    return datetime.fromtimestamp(int(epoch), UTC)


def older(first: Story, second: Story) -> bool:
    """Whether `first` began before `second`: it keeps its record when they become one."""
    if first.started is not None and second.started is not None and first.started != second.started:
        return first.started < second.started
    return sequence(first.linkedid) <= sequence(second.linkedid)


def sequence(linkedid: str) -> tuple[int, int]:
    """A uniqueid's epoch second and running number: what is older sorts first."""
    epoch, _, sequence = linkedid.rpartition("-")[2].partition(".")
    numbers = [int(part) if part.isascii() and part.isdigit() else 0 for part in (epoch[:20], sequence[:20])]
    return numbers[0], numbers[1]


def _given_up(story: Story, result: str) -> str:
    """The PBX, not the caller, stops the ringing of a transfer that was completed while it rang."""
    move = story.pending()
    if result != "cancelled" or move is None or move.kind != "attended" or story.requests:
        return result
    elsewhere = any(ring.open and ring.channel.state == "Up" for ring in story.legs())
    return "cancelled" if elsewhere else "no_answer"


def _closing(ring: Ring, cause: str) -> str:
    if ring.answered and not ring.connected:
        return "no_answer"
    if cause == "26":
        return "cancelled"
    return "no_answer" if ring.shown else "cancelled"


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
