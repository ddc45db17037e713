"""The floor: every extension's state joined with its user's own, and the queues. Pure.

What changed waits for the next `tick`, where changes of one extension are told as one.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain.presence import Presence, Queue, UserState
from domain.record import instant
from domain.rights import Scope, may_see_peer
from screenpop.telling import Telling

PhoneKey = tuple[str, str]
View = dict[str, Any]


class Floor:
    """Presence and queues as they are now, and as they were told last."""

    def __init__(self) -> None:
        self._phones: dict[PhoneKey, Presence] = {}
        self._users: dict[str, UserState] = {}
        self._owners: dict[str, list[str]] = {}
        self._queues: dict[PhoneKey, Queue] = {}
        self._told: dict[PhoneKey, View] = {}
        self._changed: dict[PhoneKey, None] = {}
        self._changed_queues: dict[PhoneKey, None] = {}

    def restless(self) -> bool:
        """Whether the next `tick` has anything to tell."""
        return bool(self._changed or self._changed_queues)

    def phone(self, presence: Presence) -> None:
        """Take an extension's new state."""
        key = (presence.pbx, presence.extension)
        self._phones[key] = presence
        self._changed[key] = None

    def user(self, state: UserState) -> None:
        """Take a user's new state; also one whose extension changed."""
        before = self._users.get(state.user_id)
        self._users[state.user_id] = state
        self._forget_owner(state.user_id, before)
        if state.extension is not None:
            self._owners.setdefault(state.extension, []).append(state.user_id)
        concerned = {state.extension, before.extension if before else None}
        self._changed.update(dict.fromkeys(key for key in self._phones if key[1] in concerned))

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
        queues, self._changed_queues = self._changed_queues, {}
        told = [telling for key in phones for telling in self._tell_phone(key, known(key[1]))]
        return told + [self._tell_queue(self._queues[key], at) for key in queues]

    def presence(self, scope: Scope) -> list[View]:
        """Every extension as `scope` may see it."""
        return [
            view if may_see_peer(scope, key[1]) else _masked(view)
            for key, view in ((key, self._view(key)) for key in self._phones)
        ]

    def queues(self, at: datetime) -> list[View]:
        """Every queue."""
        return [_queue_view(queue, at) for queue in self._queues.values()]

    def _forget_owner(self, user_id: str, before: UserState | None) -> None:
        if before is not None and before.extension is not None:
            self._owners[before.extension].remove(user_id)

    def _view(self, key: PhoneKey) -> View:
        phone = self._phones[key]
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
        view, before = self._view(key), self._told.get(key)
        if view == before:
            return []
        self._told[key] = view
        event = {"type": "presence", **view}
        if view["peer"] is None and (before is None or before["peer"] is None):
            return [Telling(event=event, kind="presence", name=key[1])]
        users = frozenset(scope.user_id for scope in own if may_see_peer(scope, key[1]))
        told = [Telling(event=event, kind="presence", name=key[1], peers=True)]
        told.append(Telling(event=event, kind="presence", name=key[1], peers=False, users=users))
        if before is None or _masked(view) != _masked(before):
            hidden = {"type": "presence", **_masked(view)}
            told.append(Telling(event=hidden, kind="presence", name=key[1], peers=False, besides=users))
        return told

    def _tell_queue(self, queue: Queue, at: datetime) -> Telling:
        return Telling(event={"type": "queue", **_queue_view(queue, at)}, kind="queue", name=queue.name)


def _masked(view: View) -> View:
    return {**view, "peer": None}


def _queue_view(queue: Queue, at: datetime) -> View:
    waited = max(0.0, (at - queue.longest_since).total_seconds()) if queue.longest_since else 0.0
    return {
        "pbx": queue.pbx,
        "queue": queue.name,
        "waiting": queue.waiting,
        "longest_wait": round(waited, 1),
        "longest_since": instant(queue.longest_since),
        "service_level": queue.service_level,
        "members": [
            {"extension": member.extension, "name": member.name, "paused": member.paused, "reason": member.reason}
            for member in queue.members
        ],
    }
