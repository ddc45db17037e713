"""The calls that are going on, and what each user was told of them. Pure.

A user's first event of a call carries the client's card: it waits for `card` (found) or `late` (the look-up takes
too long) and for nothing else. Changes that are only somebody else's ring attempts wait for the next `tick`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from domain.calls import Call, CallId, CallState
from domain.record import instant, record
from domain.rights import Scope
from screenpop.listeners import Listeners
from screenpop.telling import Telling

Actions = Callable[[Call, Scope], Sequence[str]]
Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A card that `scope` should see beside a call; `read_at`: when the AMI bytes of his first event were read
    (0.0: he came when the call was up already)."""

    call: Call
    scope: Scope
    number: str
    read_at: float


@dataclass(slots=True)
class _Viewer:
    """A user who is in a call: what he was told of it."""

    scope: Scope
    state: CallState
    number: str | None
    card: Shape
    told: bool


@dataclass(slots=True)
class _Live:
    """A call that is going on."""

    call: Call
    viewers: dict[str, _Viewer] = field(default_factory=dict)
    _plain: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """The record as it is told, written when somebody is told."""
        if self._plain is None:
            self._plain = _plain(self.call)
        return self._plain

    def update(self, call: Call) -> bool:
        """Take the call's newest record; whether more than others' ring attempts changed."""
        before = self.call
        known = call if call.client_id == before.client_id or call.client_id else call.with_client(before.client_id)
        self.call, self._plain = known, None
        return _gist(before) != _gist(known)


class Lines:
    """Every live call, told to those in it and to those who watch lines."""

    def __init__(self, listeners: Listeners, actions: Actions) -> None:
        self._listeners = listeners
        self._actions = actions
        self._live: dict[CallId, _Live] = {}
        self._wanted: list[Wanted] = []
        self._changed: dict[CallId, None] = {}

    def join(self, scope: Scope) -> None:
        """The calls that are up at this user's extension become his."""
        for live in self._live.values():
            if scope.extension is not None and (party := live.call.party(scope.extension)) is not None:
                live.viewers[scope.user_id] = self._viewer(live.call, scope, party.state, 0.0, told=True)

    def leave(self, user_id: str) -> None:
        """That user listens no more."""
        for live in self._live.values():
            live.viewers.pop(user_id, None)

    def of(self, scope: Scope) -> Iterator[Shape]:
        """The live calls as `scope` may see them: his own with `card`, all of them if he watches lines."""
        for live in self._live.values():
            if (viewer := live.viewers.get(scope.user_id)) is not None:
                shape = self._event(live, viewer.state, self._acts(live, scope), mine=True)["call"]
                yield {**shape, "card": viewer.card}
            elif scope.user_id in self._listeners.watchers:
                yield self._event(live, live.call.state, self._acts(live, scope), mine=False)["call"]

    def call(self, call_id: CallId) -> Call | None:
        """A call that is going on."""
        live = self._live.get(call_id)
        return live.call if live else None

    def wanted(self) -> list[Wanted]:
        """The cards that became wanted since this was asked last."""
        wanted, self._wanted = self._wanted, []
        return wanted

    def quiet(self) -> bool:
        """Whether no call is going on."""
        return not self._live

    def restless(self) -> bool:
        """Whether the next `tick` has anything to tell."""
        return bool(self._changed)

    def tick(self) -> Iterator[Telling]:
        """The changes that could wait."""
        changed, self._changed = self._changed, {}
        for call_id in changed:
            if (live := self._live.get(call_id)) is not None:
                yield from self._retell(live)

    # --- news ---------------------------------------------------------------------------------------------

    def changed(self, call: Call, read_at: float) -> Iterator[Telling]:
        """A call's newest record; `read_at`: the monotonic second its news was read from the PBX."""
        live, gist = self._live.get(call.id), True
        if live is not None:
            gist = live.update(call)
        elif call.state != "merged":
            live = self._live[call.id] = _Live(call)
        if live is None or call.state == "merged":
            return  # CallMerged says into which one
        told = set(live.viewers) if call.ended() else set()
        yield from self._own(live, read_at, gist=gist)
        if gist:
            yield from self._watching(live, told)
        else:
            self._changed[call.id] = None
        if call.ended():
            del self._live[call.id]

    def merged(self, call: Call, into: CallId) -> Iterator[Telling]:
        """A consultation became part of another call."""
        live = self._live.pop(call.id, None)
        if live is None:
            return
        yield from (self._first(live, viewer) for viewer in live.viewers.values() if not viewer.told)
        live.update(replace(call, state="merged"))
        for mine, users in ((True, set(live.viewers)), (False, set(self._listeners.watchers) - set(live.viewers))):
            if users:
                event = self._event(live, "merged", (), mine=mine)
                yield Telling(event={**event, "into": into}, users=frozenset(users))

    def stored(self, call: Call) -> Iterator[Telling]:
        """The store knows whose call it is: told while the call lives."""
        live = self._live.get(call.id)
        if live is not None and call.client_id is not None and live.update(live.call.with_client(call.client_id)):
            yield from self._retell(live)

    def card(self, call_id: CallId, user_id: str, number: str, card: Shape) -> Iterator[Telling]:
        """The card of `number` was found: told, with the call, unless the user left it meanwhile."""
        live = self._live.get(call_id)
        viewer = live.viewers.get(user_id) if live else None
        if live is not None and viewer is not None and viewer.number == number:
            viewer.card = card
            yield self._first(live, viewer)

    def late(self, call_id: CallId, user_id: str) -> Iterator[Telling]:
        """The look-up takes too long: the call is told with what is known, the number."""
        live = self._live.get(call_id)
        viewer = live.viewers.get(user_id) if live else None
        if live is not None and viewer is not None and not viewer.told:
            yield self._first(live, viewer)

    # --- those in the call --------------------------------------------------------------------------------

    def _own(self, live: _Live, read_at: float, *, gist: bool) -> Iterator[Telling]:
        now = {} if live.call.ended() else dict(self._present(live.call))
        yield from self._let_go(live, [user_id for user_id in live.viewers if user_id not in now])
        for user_id, (scope, state) in now.items():
            if (viewer := live.viewers.get(user_id)) is not None:
                yield from self._follow(live, viewer, state, read_at, gist=gist)
                continue
            viewer = live.viewers[user_id] = self._viewer(live.call, scope, state, read_at, told=False)
            if viewer.number is None:
                yield self._first(live, viewer)

    def _follow(
        self, live: _Live, viewer: _Viewer, state: CallState, read_at: float, *, gist: bool
    ) -> Iterator[Telling]:
        """A user who is in the call already: told what changed for him, once his first event is out."""
        changed, number = gist or viewer.state != state, live.call.outside_number
        viewer.state = state
        if viewer.number != number:  # somebody else is on the line now: the old card must go
            viewer.number, viewer.card = number, _light(live.call)
            self._want(live.call, viewer.scope, read_at)
            if viewer.told or number is None:
                yield self._first(live, viewer)
        elif changed and viewer.told:
            yield self._mine(live, viewer)

    def _present(self, call: Call) -> Iterator[tuple[str, tuple[Scope, CallState]]]:
        for party in call.parties:
            for scope in self._listeners.of(party.extension):
                yield scope.user_id, (scope, party.state)

    def _viewer(self, call: Call, scope: Scope, state: CallState, read_at: float, *, told: bool) -> _Viewer:
        self._want(call, scope, read_at)
        return _Viewer(scope=scope, state=state, number=call.outside_number, card=_light(call), told=told)

    def _want(self, call: Call, scope: Scope, read_at: float) -> None:
        if call.outside_number is not None:
            self._wanted.append(Wanted(call=call, scope=scope, number=call.outside_number, read_at=read_at))

    def _let_go(self, live: _Live, gone: Sequence[str]) -> Iterator[Telling]:
        """The call is over for these, while it may live on: one event for all of them."""
        for viewer in [live.viewers.pop(user_id) for user_id in gone]:
            if not viewer.told:
                yield self._first(live, viewer)
        if gone:
            state = live.call.state if live.call.ended() else "withdrawn"
            yield Telling(event=self._event(live, state, (), mine=True), users=frozenset(gone))

    def _first(self, live: _Live, viewer: _Viewer) -> Telling:
        viewer.told = True
        told = self._mine(live, viewer)
        return replace(told, event={**told.event, "card": viewer.card})

    def _mine(self, live: _Live, viewer: _Viewer) -> Telling:
        event = self._event(live, viewer.state, self._acts(live, viewer.scope), mine=True)
        return Telling(event=event, users=frozenset((viewer.scope.user_id,)))

    # --- everybody ----------------------------------------------------------------------------------------

    def _retell(self, live: _Live) -> Iterator[Telling]:
        yield from (self._mine(live, viewer) for viewer in live.viewers.values() if viewer.told)
        yield from self._watching(live)

    def _watching(self, live: _Live, told: Collection[str] = ()) -> Iterator[Telling]:
        """One event for all who watch the line and may do the same with it, but those who are `told` already."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for user_id, scope in self._listeners.watchers.items():
            if user_id not in live.viewers and user_id not in told:
                groups.setdefault(self._acts(live, scope), []).append(user_id)
        for actions, users in groups.items():
            yield Telling(event=self._event(live, live.call.state, actions, mine=False), users=frozenset(users))

    def _acts(self, live: _Live, scope: Scope) -> tuple[str, ...]:
        return () if live.call.ended() else tuple(self._actions(live.call, scope))

    def _event(self, live: _Live, state: CallState, actions: Sequence[str], *, mine: bool) -> dict[str, Any]:
        call = {**live.plain(), "state": state, "actions": list(actions), "mine": mine}
        return {"type": "call", "call": call, "state": state, "actions": call["actions"]}


def light_card(number: str | None, *, pending: bool = False) -> dict[str, Any]:
    """The contract's card of a number nothing is known of; `pending`: a fuller one will follow."""
    empty: dict[str, Any] = {"client": None, "match": "none", "candidates": [], "number": number}
    return {**empty, "last": [], "orders": [], "tasks": [], "script": None, "pending": pending}


def _light(call: Call) -> dict[str, Any]:
    return light_card(call.outside_number or call.caller.number, pending=call.outside_number is not None)


def _plain(call: Call) -> dict[str, Any]:
    parties = [
        {"extension": party.extension, "state": party.state, "since": instant(party.since)} for party in call.parties
    ]
    return {**record(call), "parties": parties}


_OTHERS = {"legs", "parties", "ring_seconds", "wait_seconds", "talk_seconds", "hold_seconds"}
_gist = attrgetter(*(each.name for each in fields(Call) if each.name not in _OTHERS))
"""The call without what changes when one more phone of a group rings, to be compared."""
