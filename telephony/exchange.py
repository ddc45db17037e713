"""One PBX, as its AMI events tell it: calls, presence, queues. Pure: messages in, news out.

The clock is the PBX's: an event without `Timestamp` takes the time of the one before it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from config.settings import Pbx
from domain.calls import Call, CallId
from domain.events import News, PresenceChanged, QueueChanged
from domain.presence import Presence, Queue
from telephony import dialling, living, snapshot
from telephony.announce import EPOCH, Told, announce
from telephony.boot import Boot
from telephony.channels import Channel, Message
from telephony.endpoints import Endpoints
from telephony.heard import HEARD as HEARD
from telephony.heard import HEARD_IN_REPLAY as HEARD_IN_REPLAY
from telephony.heard import QUEUE_EVENTS
from telephony.parties import RANK, part
from telephony.presence import Board
from telephony.queues import Queues
from telephony.steps import STEPS
from telephony.story import Story
from telephony.text import outside_line
from telephony.tracker import Tracker

Handler = Callable[[Message, datetime | None], None]


class Exchange:
    """The live state of one PBX."""

    def __init__(
        self,
        pbx: Pbx,
        number: Callable[[str | None], str | None],
        names: Callable[[str], str] = lambda extension: "",
    ) -> None:
        self.pbx = pbx
        prefix = pbx.outside_prefix
        self._endpoints = Endpoints(pbx)
        self._tracker = Tracker(pbx.name, self._endpoints, outside_line(number, prefix), names)
        self._board = Board(pbx.name, self._endpoints, self._tracker)
        self._queues = Queues(pbx.name, self._endpoints)
        self._linkedids: dict[CallId, str] = {}
        self._stamp = ""
        self._at: datetime | None = None
        self._previous: datetime | None = None
        self._lost_at: datetime | None = None
        self._boot = Boot()
        self._changed: list[Queue] = []
        self._handlers = self._table()

    def _table(self) -> dict[str, Handler]:
        """What is done for each event; a queue's is for the call first."""
        handlers: dict[str, Handler] = {name: partial(step, self._tracker) for name, step in STEPS.items()}
        handlers |= {
            "Newchannel": self._new_channel,
            "Dial": self._old_dial,
            "CoreShowChannelsComplete": self._channels_complete,
            "FullyBooted": self._fully_booted,
            "Shutdown": self._shut_down,
            "DeviceStateChange": self._device_state,
            "ExtensionStatus": self._hint,
        }
        for event in QUEUE_EVENTS:
            handlers[event] = partial(self._queue, event, handlers.get(event))
        return handlers | {"Hangup": self._hang_up}

    # ---- events

    def receive(self, message: Message, read_at: float = 0.0) -> list[News]:
        """Take one AMI message; return what it means, in order, often nothing."""
        event = message.get("Event")
        if event is None:
            return self._core_status(message, read_at) if "CoreStartupTime" in message else []
        stamp = message.get("Timestamp")
        if stamp is not None and stamp != self._stamp:
            self._read_clock(stamp)
        handler = self._handlers.get(event)
        if handler is None:
            return []
        handler(message, self._at)
        tracker = self._tracker
        if tracker.touched or tracker.told or tracker.phones or self._changed:
            return self._news(read_at)
        return []

    def _news(self, read_at: float) -> list[News]:
        tracker = self._tracker
        news: list[News] = self._calls_told(read_at) if tracker.touched or tracker.told else []
        if self._changed:
            news += [QueueChanged(at=self._at or EPOCH, queue=queue) for queue in self._changed]
            self._changed = []
        return news + self._presence_told() if tracker.phones else news

    def _device_state(self, ami: Message, at: datetime | None) -> None:
        if (extension := self._board.device(ami)) is not None:
            self._tracker.phones.add(extension)

    def _hint(self, ami: Message, at: datetime | None) -> None:
        if (extension := self._board.hint(ami)) is not None:
            self._tracker.phones.add(extension)

    def _queue(self, event: str, step: Handler | None, ami: Message, at: datetime | None) -> None:
        if step is not None:
            step(ami, at)
        self._changed += self._queues.receive(event, ami, at)

    def _hang_up(self, ami: Message, at: datetime | None) -> None:
        living.hangup(self._tracker, ami, at)
        self._changed += self._queues.hangup(ami.get("Uniqueid", ""))

    def _read_clock(self, stamp: str) -> None:
        self._previous = self._at
        try:
            self._at = datetime.fromtimestamp(float(stamp), UTC)
        except (ValueError, OverflowError, OSError):
            return
        self._stamp = stamp
        if not self._boot.judged:
            self._judge_boot(self._at)

    def _calls_told(self, read_at: float) -> list[News]:
        news: list[News] = []
        phones = self._tracker.phones
        for told in self._tracker.collect(self._at):
            before = told.before.parties if told.before is not None else ()
            after = told.after.parties
            if before != after:
                phones.update([party.extension for party in before if party not in after])
                phones.update([party.extension for party in after if party not in before])
            self._remember(told)
            news += announce(told, self._at, read_at)
        return news

    def _remember(self, told: Told) -> None:
        if told.into is None and not told.after.ended():
            self._linkedids[told.after.id] = told.after.linkedid
        else:
            self._linkedids.pop(told.after.id, None)

    def _presence_told(self) -> list[News]:
        phones, self._tracker.phones = self._tracker.phones, set()
        at, changed = self._at, self._board.changed
        changes = [change for extension in sorted(phones) if (change := changed(extension, at)) is not None]
        return [PresenceChanged(at=at or EPOCH, before=before, after=after) for before, after in changes]

    def _old_dial(self, ami: Message, at: datetime | None) -> None:
        """Asterisk before 12 told a dial's begin and end by one event."""
        renamed = dict(ami)
        renamed["DestUniqueid"] = ami.get("DestUniqueID") or ami.get("DestUniqueid", "")
        renamed["Uniqueid"] = ami.get("UniqueID") or ami.get("Uniqueid", "")
        renamed["DestChannel"] = ami.get("Destination") or ami.get("DestChannel", "")
        renamed["DialString"] = ami.get("Dialstring", "")
        if ami.get("SubEvent") == "Begin":
            dialling.dial_begin(self._tracker, renamed, at)

    # ---- connecting, losing, finding again

    def _new_channel(self, ami: Message, at: datetime | None) -> None:
        if self._lost_at is not None and snapshot.counts_anew(self._tracker, ami.get("Uniqueid", "")):
            self._restarted()
        living.new_channel(self._tracker, ami, at)

    def _fully_booted(self, ami: Message, at: datetime | None) -> None:
        if self._tracker.stories:
            snapshot.doubt(self._tracker)
            self._lost_at = self._lost_at or (self._previous if "Timestamp" in ami else at)
        if self._boot.told_uptime(ami.get("Uptime", "")):
            self._restarted()
        if at is not None and "Timestamp" in ami and not self._boot.judged:
            self._judge_boot(at)

    def _judge_boot(self, at: datetime) -> None:
        """Tell a restart by the moment the PBX came up, as soon as the clock is known."""
        if self._boot.at(at, self._lost_at):
            self._restarted()

    def _core_status(self, ami: Message, read_at: float) -> list[News]:
        if self._boot.told_start(ami):
            self._restarted()
        return self._news(read_at)

    def _shut_down(self, ami: Message, at: datetime | None) -> None:
        for story in dict.fromkeys(self._tracker.stories.values()):
            self._tracker.close(story, at, "restart")
        self._lost_at = None

    def _restarted(self) -> None:
        """The PBX started anew, unseen: what was up before is over; what came since is not."""
        for story in dict.fromkeys(self._tracker.stories.values()):
            if any(channel.unconfirmed for channel in story.live.values()):
                story.complete = False
                self._tracker.close(story, self._lost_at, "restart")
        self._lost_at = None

    def _channels_complete(self, ami: Message, at: datetime | None) -> None:
        snapshot.channels_complete(self._tracker, at, self._lost_at)
        self._lost_at = None

    def unsettled(self) -> bool:
        """Whether something will be told a moment later even if no further event comes: ask `settle` then."""
        return bool(self._tracker.touched) or self._tracker.unheard is not None

    def settle(self, at: datetime) -> list[News]:
        """Tell what waited for a moment to pass; `at` on the PBX's clock."""
        self._at = max(self._at, at) if self._at is not None else None
        self._tracker.hear_out()
        return [*self._calls_told(0.0), *self._presence_told()]

    def lost(self, at: datetime | None, reason: str) -> list[News]:
        """The link is gone. Nothing is told as ended yet; everything has to be seen again."""
        self._lost_at = at
        snapshot.doubt(self._tracker)
        return []

    def resync_began(self) -> None:
        """The lists of channels, queues and states have been asked for."""
        self._lost_at = self._lost_at or self._at

    def resync_ended(self, at: datetime) -> list[News]:
        """All lists are read: what was not seen again is closed with what is known of it."""
        self._at = max(self._at, at) if self._at is not None else at
        self._channels_complete({}, self._at)
        return [*self._calls_told(0.0), *self._presence_told()]

    def finish(self, at: datetime | None = None) -> list[News]:
        """The end of a replay: nothing more will come. Calls that are up stay open."""
        self._tracker.hear_out()
        return [*self._calls_told(0.0), *self._presence_told()]

    # ---- what is going on

    @property
    def clock(self) -> datetime | None:
        """The time of the last event, on the PBX's clock."""
        return self._at

    def calls(self) -> tuple[Call, ...]:
        """The calls that live, oldest first."""
        stories = dict.fromkeys(self._tracker.stories.values())
        return tuple(story.told for story in stories if story.told is not None)

    def presence(self) -> tuple[Presence, ...]:
        """Every known extension's state."""
        return self._board.told()

    def queues(self) -> tuple[Queue, ...]:
        """Every known queue."""
        return self._queues.told()

    def channel_of(self, call_id: str, extension: str) -> str | None:
        """The name of the channel by which `extension` takes part in a live call, or None."""
        found = self._part(call_id, extension)
        return found.name if found is not None else None

    def peer_channel_of(self, call_id: str, extension: str) -> str | None:
        """The name of the channel at the other side of `extension` in a live call, or None."""
        found = self._part(call_id, extension)
        if found is None:
            return None
        company = self._tracker.switch.across(found)
        if company:
            return company[0].name
        story = self._tracker.story_of[found.uniqueid]
        others = [channel for channel in story.live.values() if channel.person and channel is not found]
        return others[0].name if others else None

    def beside(self, call_id: str, extension: str) -> tuple[str, ...]:
        """The names of the channels that `extension` is connected with right now."""
        found = self._part(call_id, extension)
        return () if found is None else tuple(channel.name for channel in self._tracker.switch.across(found))

    def hung_up_for(self, call_id: str, extension: str, *, really: bool = True) -> None:
        """`extension`'s user hangs up through us: it is he who ends the call; not `really`: the PBX refused."""
        if (found := self._part(call_id, extension)) is not None:
            self._tracker.story_of[found.uniqueid].hangs_up_through_us(found, self._at, really=really)

    def _part(self, call_id: str, extension: str) -> Channel | None:
        story = self._story(CallId(call_id))
        if story is None:
            return None
        ranked = [
            (RANK[seen], channel.uniqueid, channel)
            for channel in story.live.values()
            if channel.extension == extension and (seen := part(story, channel)) is not None
        ]
        return min(ranked)[2] if ranked else None

    def _story(self, call_id: CallId) -> Story | None:
        story = self._tracker.stories.get(self._linkedids.get(call_id, ""))
        return story if story is not None and story.id == call_id else None
