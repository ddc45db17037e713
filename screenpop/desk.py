"""Who is told what: the live feed (contract, section 5) as a pure function of the news. No sockets, no clock.

A call is told at once to those in it and to those who watch lines; presence and queues wait for the next `tick`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from domain.calls import Call, CallId
from domain.events import (
    CallChanged,
    CallEnded,
    CallMerged,
    CallStored,
    ClientChanged,
    News,
    PbxConnected,
    PbxLost,
    PresenceChanged,
    QueueChanged,
    UserChanged,
    UserStateChanged,
)
from domain.rights import Scope
from screenpop.floor import Floor
from screenpop.lines import Actions, Lines, Shape, Wanted
from screenpop.listeners import Listeners
from screenpop.protocol import Topics
from screenpop.telling import Telling


class Desk:
    """The live calls and the floor, and what the listening users were told of them.

    `actions(call, scope)`: what that user may do with a live call now.
    """

    def __init__(self, *, actions: Actions) -> None:
        self._listeners = Listeners()
        self._lines = Lines(self._listeners, actions)
        self._floor = Floor()
        self._pbxs: dict[str, dict[str, Any]] = {}

    def join(self, scope: Scope) -> None:
        """`scope` listens from now on; what is told to him is what happens after this."""
        if not self._listeners.knows(scope):
            self.leave(scope.user_id)
            self._listeners.add(scope)
            self._lines.join(scope)

    def leave(self, user_id: str) -> None:
        """That user listens no more."""
        self._listeners.remove(user_id)
        self._lines.leave(user_id)

    def knows(self, scope: Scope) -> bool:
        """Whether `scope` has been listening with these very rights: only then nothing was missed."""
        return self._listeners.knows(scope)

    def listening(self, extension: str) -> list[Scope]:
        """The users of `extension` who listen."""
        return list(self._listeners.of(extension))

    def on(self, news: News) -> list[Telling]:
        """What has to be told at once."""
        match news:
            case CallChanged():
                return list(self._lines.changed(news.after, news.read_at))
            case CallMerged():
                return list(self._lines.merged(news.call, news.into))
            case CallStored():
                return list(self._lines.stored(news.call))
            case PresenceChanged():
                self._floor.phone(news.after)
            case QueueChanged():
                self._floor.queue(news.queue)
            case UserStateChanged():
                self._floor.user(news.state)
            case PbxConnected():
                return [self._link(news.pbx, connected=True, reason="")]
            case PbxLost():
                return [self._link(news.pbx, connected=False, reason=news.reason)]
            case CallEnded() | ClientChanged() | UserChanged():
                pass
            case _:
                assert_never(news)
        return []

    def quiet(self) -> bool:
        """Whether no call is going on."""
        return self._lines.quiet()

    def restless(self) -> bool:
        """Whether a `tick` has anything to tell."""
        return self._lines.restless() or self._floor.restless()

    def tick(self, at: datetime) -> list[Telling]:
        """What could wait, several changes of one thing told as one."""
        return [*self._lines.tick(), *self._floor.tick(at, self._listeners.of)]

    def wanted(self) -> list[Wanted]:
        """The cards that became wanted since this was asked last."""
        return self._lines.wanted()

    def card(self, call_id: CallId, user_id: str, number: str, card: Shape) -> list[Telling]:
        """The card of `number` was found: told, with the call, unless the user left it meanwhile."""
        return list(self._lines.card(call_id, user_id, number, card))

    def late(self, call_id: CallId, user_id: str) -> list[Telling]:
        """The look-up takes too long: the call is told with what is known, the number."""
        return list(self._lines.late(call_id, user_id))

    def call(self, call_id: CallId) -> Call | None:
        """A call that is going on."""
        return self._lines.call(call_id)

    def snapshot(self, scope: Scope, at: datetime, tasks: Sequence[Shape] = ()) -> dict[str, Any]:
        """Everything `scope`, who has joined, may see now."""
        return {
            "type": "snapshot",
            "calls": list(self._lines.of(scope)),
            "presence": self._floor.presence(scope),
            "queues": self._floor.queues(at),
            "tasks": list(tasks),
            "campaign": None,
            "pbx": list(self._pbxs.values()),
        }

    def presence(self, scope: Scope) -> Sequence[Mapping[str, Any]]:
        """Every extension as `scope` may see it."""
        return self._floor.presence(scope)

    def queues(self, at: datetime) -> Sequence[Mapping[str, Any]]:
        """Every queue."""
        return self._floor.queues(at)

    def current(self, before: Topics, topics: Topics, scope: Scope, at: datetime) -> list[dict[str, Any]]:
        """The present state of what `topics` cover and `before` did not, as events, for who just subscribed."""
        told: list[dict[str, Any]] = []
        for kind, field, views in (
            ("presence", "extension", self._floor.presence(scope) if not before.presence else ()),
            ("queue", "queue", self._floor.queues(at) if not before.queues else ()),
        ):
            news = [v for v in views if topics.covers(kind, v[field]) and not before.covers(kind, v[field])]
            told += [{"type": kind, **view} for view in news]
        return told

    def _link(self, pbx: str, *, connected: bool, reason: str) -> Telling:
        self._pbxs[pbx] = {"pbx": pbx, "connected": connected, "reason": reason}
        return Telling(event={"type": "pbx", **self._pbxs[pbx]})
