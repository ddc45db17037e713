"""The floor: every extension's state joined with its user's own, and the queues. Pure.

What changed waits for the next `tick`, where changes of one extension are told as one.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.presence import Member, Presence, Queue, UserState
from domain.record import instant
from domain.rights import Scope, may_see_peer
from screenpop.telling import Telling, sees_peers

PhoneKey = tuple[str, str]
View = dict[str, Any]
QUEUE_PACE = timedelta(seconds=1)


class Floor:
    """Presence and queues as they are now, and as they were told last.

    A queue is told at most once in QUEUE_PACE: it carries all its members, and its callers' times tick by
    themselves.
    """

    def __init__(self) -> None:
        self._phones: dict[PhoneKey, Presence] = {}
        self._pbxs: set[str] = set()
        self._users: dict[str, UserState] = {}
        self._owners: dict[str, list[str]] = {}
        self._queues: dict[PhoneKey, Queue] = {}
        self._views: dict[PhoneKey, tuple[View, View]] = {}
        self._members: dict[PhoneKey, tuple[tuple[Member, ...], list[View]]] = {}
        self._told: dict[PhoneKey, View] = {}
        self._changed: dict[PhoneKey, None] = {}
        self._changed_queues: dict[PhoneKey, None] = {}
        self._queue_told_at: dict[PhoneKey, datetime] = {}

    def restless(self) -> bool:
        """Whether a later `tick` has anything to tell."""
        return bool(self._changed or self._changed_queues)

    def phone(self, presence: Presence) -> None:
        """Take an extension's new state."""
        key = (presence.pbx, presence.extension)
        self._phones[key] = presence
        self._pbxs.add(presence.pbx)
        self._change(key)

    def user(self, state: UserState) -> None:
        """Take a user's new state; also one whose extension changed."""
        before = self._users.get(state.user_id)
        self._users[state.user_id] = state
        if before is not None and before.extension is not None:
            self._owners[before.extension].remove(state.user_id)
        if state.extension is not None:
            self._owners.setdefault(state.extension, []).append(state.user_id)
        concerned = {state.extension, before.extension if before else None}
        for key in [(pbx, extension) for pbx in self._pbxs for extension in concerned if extension is not None]:
            if key in self._phones:
                self._change(key)

    def queue(self, queue: Queue) -> None:
        """Take a queue's new state."""
        key = (queue.pbx, queue.name)
        self._queues[key] = queue
        self._changed_queues[key] = None

    def owner(self, extension: str) -> UserState | None:
        """The user of an extension: of several, the one who is there."""
        states = [self._users[user_id] for user_id in self._owners.get(extension, ())]
        return min(states, key=lambda state: state.state == "offline", default=None)

    def tick(self, at: datetime, known: Callable[[str], Iterable[Scope]]) -> list[Telling]:
        """What changed since the last one; `known(extension)` are the users of it who are listening."""
        phones, self._changed = self._changed, {}
        told = [telling for key in phones for telling in self._tell_phone(key, known(key[1]))]
        return told + [self._tell_queue(key, at) for key in tuple(self._changed_queues) if self._due(key, at)]

    def presence(self, scope: Scope) -> list[View]:
        """Every extension as `scope` may see it."""
        every = sees_peers(scope)
        return [
            view if every or key[1] == scope.extension else masked
            for key, (view, masked) in ((key, self._view(key)) for key in self._phones)
        ]

    def queues(self, at: datetime) -> list[View]:
        """Every queue."""
        return [self._queue_view(key, at) for key in self._queues]

    # --- phones -------------------------------------------------------------------------------------------

    def _change(self, key: PhoneKey) -> None:
        self._changed[key] = None
        self._views.pop(key, None)

    def _view(self, key: PhoneKey) -> tuple[View, View]:
        """The extension as those see it who may see everything, and as others do."""
        if (views := self._views.get(key)) is None:
            view = self._made(self._phones[key])
            views = self._views[key] = (view, view if view["peer"] is None else {**view, "peer": None})
        return views

    def _made(self, phone: Presence) -> View:
        user = self.owner(phone.extension)
        return {
            "pbx": phone.pbx,
            "extension": phone.extension,
            "state": phone.state,
            "user": {"id": user.user_id, "name": user.name} if user else None,
            "user_state": user.state if user else None,
            "reason": user.reason if user else None,
            "since": instant(phone.since),
            "user_since": instant(user.since) if user else None,
            "peer": phone.peer,
        }

    def _tell_phone(self, key: PhoneKey, own: Iterable[Scope]) -> list[Telling]:
        (view, masked), before = self._view(key), self._told.get(key)
        if view == before:
            return []
        self._told[key] = view
        event = {"type": "presence", **view}
        if view["peer"] is None and (before is None or before["peer"] is None):
            return [Telling(event=event, kind="presence", name=key[1])]
        users = frozenset(scope.user_id for scope in own if may_see_peer(scope, key[1]))
        told = [Telling(event=event, kind="presence", name=key[1], peers=True)]
        told.append(Telling(event=event, kind="presence", name=key[1], peers=False, users=users))
        if before is None or masked != {**before, "peer": None}:
            hidden = {"type": "presence", **masked}
            told.append(Telling(event=hidden, kind="presence", name=key[1], peers=False, besides=users))
        return told

    # --- queues -------------------------------------------------------------------------------------------

    def _due(self, key: PhoneKey, at: datetime) -> bool:
        told_at = self._queue_told_at.get(key)
        return told_at is None or at - told_at >= QUEUE_PACE or at < told_at

    def _tell_queue(self, key: PhoneKey, at: datetime) -> Telling:
        del self._changed_queues[key]
        self._queue_told_at[key] = at
        return Telling(event={"type": "queue", **self._queue_view(key, at)}, kind="queue", name=key[1])

    def _queue_view(self, key: PhoneKey, at: datetime) -> View:
        queue = self._queues[key]
        waited = max(0.0, (at - queue.longest_since).total_seconds()) if queue.longest_since else 0.0
        return {
            "pbx": queue.pbx,
            "queue": queue.name,
            "waiting": queue.waiting,
            "longest_wait": round(waited, 1),
            "longest_since": instant(queue.longest_since),
            "service_level": queue.service_level,
            "members": self._members_of(key, queue.members),
        }

    def _members_of(self, key: PhoneKey, members: tuple[Member, ...]) -> list[View]:
        known = self._members.get(key)
        if known is None or known[0] is not members:
            views = [
                {"extension": each.extension, "name": each.name, "paused": each.paused, "reason": each.reason}
                for each in members
            ]
            known = self._members[key] = (members, views)
        return known[1]
