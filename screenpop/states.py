"""The users' own states: ready, paused, wrap-up, offline. Pure: the time comes in, what changed comes out.

They belong to users, not to connections: whoever comes back finds the state he left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.calls import Call
from domain.presence import UserState, WorkState
from domain.problems import Conflict

Chosen = tuple[WorkState, str | None]
READY: Chosen = ("ready", None)
IN_TALK = frozenset({"talking", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long things last, in seconds. `wrapup` 0: none. `away`: without any connection until offline."""

    wrapup: float = 30.0
    extension: float = 30.0
    away: float = 60.0


@dataclass(slots=True)
class _Mine:
    """One user. `then`: what follows a wrap-up, or coming back."""

    user_id: str
    name: str
    extension: str | None
    since: datetime | None = None
    state: WorkState = "offline"
    reason: str | None = None
    until: datetime | None = None
    extended: bool = False
    then: Chosen = READY
    connected: bool = False
    away_at: datetime | None = None
    talks: set[str] = field(default_factory=set)

    def told(self) -> UserState:
        return UserState(
            user_id=self.user_id,
            name=self.name,
            extension=self.extension,
            state=self.state,
            reason=self.reason,
            since=self.since,
            until=self.until,
        )

    def become(self, state: WorkState, reason: str | None, at: datetime) -> UserState:
        self.state, self.reason, self.since, self.until, self.extended = state, reason, at, None, False
        return self.told()


class States:
    """Every user's own state."""

    def __init__(self, rules: Rules = Rules()) -> None:
        self._rules = rules
        self._users: dict[str, _Mine] = {}
        self._by_extension: dict[str, dict[str, _Mine]] = {}
        self._talkers: dict[str, dict[str, _Mine]] = {}
        self._remembered: dict[str, Chosen] = {}

    def remember(self, chosen: Mapping[str, Chosen]) -> None:
        """What users had chosen before this server was started, by user id; call before they are met."""
        self._remembered.update(chosen)

    def chosen(self, user_id: str) -> Chosen | None:
        """What that user chose last, whatever he is meanwhile: in a wrap-up, away."""
        mine = self._users.get(user_id)
        return mine.then if mine else None

    def meet(self, user_id: str, name: str, extension: str | None) -> list[UserState]:
        """A user exists, or has another name or phone than before."""
        mine = self._users.get(user_id)
        if mine is None:
            then = self._remembered.pop(user_id, READY)
            mine = self._users[user_id] = _Mine(user_id, name, None, then=then)
        elif (mine.name, mine.extension) == (name, extension):
            return []
        self._move(mine, extension)
        mine.name = name
        return [mine.told()]

    def remove_all_but(self, user_ids: Iterable[str]) -> list[UserState]:
        """Users who are no more: they leave their phones."""
        gone = self._users.keys() - set(user_ids)
        for mine in (removed := [self._users.pop(user_id) for user_id in gone]):
            self._move(mine, None)
            mine.state = "offline"
        return [mine.told() for mine in removed]

    def of(self, user_id: str) -> UserState | None:
        """That user's state."""
        mine = self._users.get(user_id)
        return mine.told() if mine else None

    def extendable(self, user_id: str) -> bool:
        """Whether the user is in a wrap-up that can still be made longer."""
        mine = self._users.get(user_id)
        return mine is not None and mine.state == "wrapup" and mine.until is not None and not mine.extended

    def arrived(self, user_id: str, at: datetime) -> list[UserState]:
        """The user has a page open: he takes up what he was, at first ready."""
        mine = self._users[user_id]
        mine.connected, mine.away_at = True, None
        return [mine.become(*mine.then, at)] if mine.state == "offline" else []

    def left(self, user_id: str, at: datetime) -> datetime | None:
        """The user's last page is gone; he may be back in a moment. When `due` should be asked about him."""
        mine = self._users.get(user_id)
        if mine is None:
            return None
        mine.connected, mine.away_at = False, at + timedelta(seconds=self._rules.away)
        return mine.away_at

    def choose(self, user_id: str, state: WorkState, reason: str | None, at: datetime) -> list[UserState]:
        """The user says what he is now. Wrap-up begins by itself: choosing it makes the one that runs longer."""
        mine = self._users[user_id]
        if state == "wrapup":
            return [self._extend(mine)]
        if (mine.state, mine.reason) == (state, reason):
            return []
        mine.then = READY if state == "offline" else (state, reason)
        return [mine.become(state, reason, at)]

    def call(self, call: Call, at: datetime) -> list[UserState]:
        """A call changed: who has just ended his last answered talk with somebody outside wraps it up."""
        here = () if call.ended() else call.parties
        parties = {party.extension: party.state for party in here if party.state != "parked"}
        for extension, state in parties.items():
            if state in IN_TALK:
                for mine in self._at(extension):
                    mine.talks.add(call.id)
                    self._talkers.setdefault(call.id, {})[mine.user_id] = mine
        talkers = self._talkers.get(call.id, {})
        over = [mine for mine in talkers.values() if mine.extension not in parties]
        for mine in over:
            mine.talks.discard(call.id)
            del talkers[mine.user_id]
        if call.ended():
            self._talkers.pop(call.id, None)
        return [state for mine in over for state in self._wrap_up(mine, call, at)]

    def due(self, at: datetime) -> list[UserState]:
        """What time has changed: wrap-ups that are over, users who did not come back."""
        changed: list[UserState] = []
        for mine in self._users.values():
            if mine.until is not None and mine.until <= at:
                changed.append(mine.become(*mine.then, at))
            if mine.away_at is not None and mine.away_at <= at:
                mine.away_at = None
                if mine.state != "offline":
                    changed.append(mine.become("offline", None, at))
        return changed

    def next_due(self) -> datetime | None:
        """When `due` should be asked next."""
        times = [time for mine in self._users.values() for time in (mine.until, mine.away_at) if time is not None]
        return min(times, default=None)

    def _at(self, extension: str) -> Iterable[_Mine]:
        return self._by_extension.get(extension, {}).values()

    def _move(self, mine: _Mine, extension: str | None) -> None:
        if mine.extension is not None:
            self._by_extension[mine.extension].pop(mine.user_id, None)
        mine.extension = extension
        if extension is not None:
            self._by_extension.setdefault(extension, {})[mine.user_id] = mine

    def _wrap_up(self, mine: _Mine, call: Call, at: datetime) -> list[UserState]:
        outside = call.direction != "internal" and call.state != "merged"
        if mine.talks or not outside or mine.state == "offline" or self._rules.wrapup <= 0:
            return []
        if mine.state in ("ready", "paused"):
            mine.then = (mine.state, mine.reason)
        mine.become("wrapup", None, at)
        mine.until = at + timedelta(seconds=self._rules.wrapup)
        return [mine.told()]

    def _extend(self, mine: _Mine) -> UserState:
        if mine.state != "wrapup" or mine.until is None:
            raise Conflict("There is no call to wrap up")
        if mine.extended:
            raise Conflict("The wrap-up was made longer once already")
        mine.extended, mine.until = True, mine.until + timedelta(seconds=self._rules.extension)
        return mine.told()
