"""One PBX, as its AMI events tell it: calls, presence, queues. Pure: messages in, news out.

The clock is the PBX's: an event without `Timestamp` takes the time of the one before it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from config.settings import Pbx
from domain.calls import Call, CallId, EndedBy
from domain.events import News, PresenceChanged, QueueChanged
from domain.presence import Presence, Queue
from telephony import bridging, dialling, living, moves, snapshot, transfers
from telephony.announce import EPOCH, announce
from telephony.channels import Channel, Message
from telephony.endpoints import Endpoints
from telephony.heard import HEARD as HEARD
from telephony.heard import HEARD_IN_REPLAY as HEARD_IN_REPLAY
from telephony.heard import QUEUE_EVENTS
from telephony.parties import RANK, part
from telephony.presence import Board
from telephony.queues import Queues
from telephony.story import Request, Story
from telephony.text import outside_line
from telephony.tracker import Tracker

Handler = Callable[[Message, datetime | None], None]
LONGEST = 10
"""Digits of an uptime in seconds: three hundred years."""


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
        self._stamp = ""
        self._at: datetime | None = None
        self._previous: datetime | None = None
        self._lost_at: datetime | None = None
        self._booted: datetime | None = None
        self._uptime: int | None = None
        self._judged = True
        self._handlers = self._table()

    def _table(self) -> dict[str, Handler]:
        tracker = self._tracker

        def move(step: Callable[[Tracker, Message, datetime | None], None]) -> Handler:
            return lambda ami, at: step(tracker, ami, at)

        return {
            "Newchannel": self._new_channel,
            "Newstate": move(living.new_state),
            "NewCallerid": move(moves.new_callerid),
            "Hangup": move(living.hangup),
            "Rename": move(moves.rename),
            "DialBegin": move(dialling.dial_begin),
            "DialState": move(dialling.dial_state),
            "DialEnd": move(dialling.dial_end),
            "Dial": self._old_dial,
            "LocalBridge": move(moves.local_bridge),
            "BridgeEnter": move(bridging.bridge_enter),
            "BridgeLeave": move(bridging.bridge_leave),
            "HangupRequest": move(living.hangup_request),
            "SoftHangupRequest": move(living.soft_hangup_request),
            "Hold": move(moves.hold),
            "Unhold": move(moves.unhold),
            "QueueCallerJoin": move(moves.queue_join),
            "Join": move(moves.queue_join),
            "QueueCallerLeave": move(moves.queue_leave),
            "Leave": move(moves.queue_leave),
            "QueueCallerAbandon": move(moves.queue_abandon),
            "QueueEntry": move(snapshot.queue_entry),
            "BlindTransfer": move(transfers.blind_transfer),
            "AttendedTransfer": move(transfers.attended_transfer),
            "Pickup": move(moves.pickup),
            "ParkedCall": move(moves.parked),
            "UnParkedCall": move(moves.unparked),
            "ParkedCallTimeOut": move(moves.park_over),
            "ParkedCallGiveUp": move(moves.park_over),
            "ConfbridgeJoin": move(moves.conference_join),
            "MeetmeJoin": move(moves.conference_join),
            "MessageWaiting": move(moves.message_waiting),
            "VarSet": move(moves.variable_set),
            "OriginateResponse": move(moves.originate_response),
            "CoreShowChannel": move(snapshot.core_show_channel),
            "CoreShowChannelsComplete": self._channels_complete,
            "FullyBooted": self._fully_booted,
            "Shutdown": self._shut_down,
        }

    # ---- events

    def receive(self, message: Message, read_at: float = 0.0) -> list[News]:
        """Take one AMI message; return what it means, in order, often nothing."""
        event = message.get("Event")
        if event is None:
            return []
        stamp = message.get("Timestamp")
        if stamp is not None and stamp != self._stamp:
            self._read_clock(stamp)
        at = self._at
        handler = self._handlers.get(event)
        if handler is not None:
            handler(message, at)
        news: list[News] = list(self._calls_told(read_at)) if self._tracker.touched or self._tracker.told else []
        if event == "DeviceStateChange":
            self._look(self._board.device(message))
        elif event == "ExtensionStatus":
            self._look(self._board.hint(message))
        elif event in QUEUE_EVENTS:
            self._tell_queue(self._queues.receive(event, message, at), news)
        elif event == "Hangup":
            self._tell_queue(self._queues.hangup(message.get("Uniqueid", "")), news)
        if self._tracker.phones:
            news.extend(self._presence_told())
        return news

    def _read_clock(self, stamp: str) -> None:
        self._previous = self._at
        try:
            self._at = datetime.fromtimestamp(float(stamp), UTC)
        except (ValueError, OverflowError, OSError):
            return
        self._stamp = stamp
        if not self._judged:
            self._judge_boot(self._at)

    def _calls_told(self, read_at: float) -> Iterator[News]:
        for told in self._tracker.collect(self._at):
            before = told.before.parties if told.before is not None else ()
            if before != told.after.parties:
                self._tracker.phones.update(party.extension for party in before)
                self._tracker.phones.update(party.extension for party in told.after.parties)
            yield from announce(told, self._at, read_at)

    def _look(self, extension: str | None) -> None:
        if extension is not None:
            self._tracker.phones.add(extension)

    def _presence_told(self) -> Iterator[News]:
        phones, self._tracker.phones = self._tracker.phones, set()
        for extension in sorted(phones):
            if (change := self._board.changed(extension, self._at)) is not None:
                before, after = change
                yield PresenceChanged(at=self._at or EPOCH, before=before, after=after)

    def _tell_queue(self, queue: Queue | None, news: list[News]) -> None:
        if queue is not None:
            news.append(QueueChanged(at=self._at or EPOCH, queue=queue))

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
            self._close_all(self._lost_at, "restart", known=False)
        living.new_channel(self._tracker, ami, at)

    def _fully_booted(self, ami: Message, at: datetime | None) -> None:
        uptime = ami.get("Uptime", "")
        if self._tracker.stories:
            snapshot.doubt(self._tracker)
            self._lost_at = self._lost_at or (self._previous if "Timestamp" in ami else at)
        if not uptime.isdigit() or len(uptime) > LONGEST:
            return
        before, self._uptime = self._uptime, int(uptime)
        if before is not None and self._uptime < before:
            self._close_all(self._lost_at, "restart", known=False)
        self._judged = False
        if at is not None and "Timestamp" in ami:
            self._judge_boot(at)

    def _judge_boot(self, at: datetime) -> None:
        """Tell a restart by the moment the PBX came up, as soon as the clock is known."""
        before, self._judged = self._booted, True
        now = self._booted = at - timedelta(seconds=self._uptime or 0)
        seen = self._lost_at
        moved = before is not None and now - before > timedelta(seconds=1.5)
        if moved or (seen is not None and now > seen + timedelta(seconds=1)):
            self._close_all(seen, "restart", known=False)

    def _shut_down(self, ami: Message, at: datetime | None) -> None:
        self._close_all(at, "restart", known=True)

    def _close_all(self, at: datetime | None, by: EndedBy, *, known: bool) -> None:
        for story in list(dict.fromkeys(self._tracker.stories.values())):
            story.complete = story.complete and known
            self._tracker.close(story, at, by)
        self._lost_at = None

    def _channels_complete(self, ami: Message, at: datetime | None) -> None:
        snapshot.channels_complete(self._tracker, at, self._lost_at)
        self._lost_at = None

    def unsettled(self) -> bool:
        """Whether something will be told a moment later even if no further event comes: ask `settle` then."""
        return bool(self._tracker.touched)

    def settle(self, at: datetime) -> list[News]:
        """Tell what waited for a moment to pass; `at` on the PBX's clock."""
        self._at = max(self._at, at) if self._at is not None else None
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

    def hung_up_for(self, call_id: str, extension: str) -> None:
        """`extension`'s user hangs up through us: it is he who ends the call, not the PBX."""
        found = self._part(call_id, extension)
        if found is not None:
            self._tracker.story_of[found.uniqueid].requests.append(Request(found, self._at, from_afar=True))

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
        return next((story for story in self._tracker.stories.values() if story.id == call_id), None)
