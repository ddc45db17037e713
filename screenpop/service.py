"""The screens' side of the server: news comes in, the right people are told, with the right card, at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from prometheus_client import Histogram

from domain.calls import CallId
from domain.events import CallChanged, ClientChanged, News, UserChanged, UserStateChanged
from domain.presence import UserState, WorkState
from domain.problems import Conflict
from domain.rights import Scope
from screenpop.admission import Pages
from screenpop.cards import Cards, Found, LookUp
from screenpop.desk import Desk
from screenpop.gateway import Authorise, Gateway, Recheck
from screenpop.lines import Actions, Wanted
from screenpop.pops import PopLog
from screenpop.states import Rules, States
from screenpop.telling import Telling

log = structlog.get_logger()
POP = Histogram(
    "switchroom_pop_seconds",
    "From the read of the AMI bytes to the painted card, by the tab that painted it",
    ["tab"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0),
)

PATIENCE = 0.08
TICK = 0.22  # with the sending, changes come within a quarter of a second or so


class Person(Protocol):
    """A user of the base, as far as his phone is concerned."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def extension(self) -> str | None: ...


async def _no_tasks(_scope: Scope) -> Sequence[dict[str, Any]]:
    return ()


class Screenpop:
    """Cards, the desk's live feed and the users' own states, joined.

    `actions(call, scope)`: what a user may do now. `look_up(number)`: the card for everybody. `people()`: every
    user who is not disabled. `pause(extension, paused, reason)`: in the PBX's queues. `patience`: seconds a pop
    waits for its card before it goes with the number alone.
    """

    def __init__(
        self,
        *,
        actions: Actions,
        look_up: LookUp,
        authorise: Authorise,
        recheck: Recheck,
        people: Callable[[], Awaitable[Sequence[Person]]],
        publish: Callable[[News], None],
        pause: Callable[[str, bool, str], Awaitable[None]],
        web_port: int,
        public_url: str = "",
        pages: Pages | None = None,
        version: str = "",
        tasks: Callable[[Scope], Awaitable[Sequence[dict[str, Any]]]] = _no_tasks,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        patience: float = PATIENCE,
    ) -> None:
        self.desk = Desk(actions=actions)
        self.cards = Cards(look_up)
        self.pops = PopLog()
        self.states = States(rules)
        self.gateway = Gateway(
            authorise=authorise,
            recheck=recheck,
            desk=self.desk,
            web_port=web_port,
            public_url=public_url,
            pages=pages,
            version=version,
        )
        self.gateway.audience = self
        self._people = people
        self._publish = publish
        self._pause = pause
        self._tasks_of = tasks
        self._patience = patience
        self._ticking: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._rests: dict[str, tuple[bool, str]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Know the users, then serve the live feed while inside; gives the port."""
        await self._meet()
        async with self.gateway.serving(host, port) as bound:
            try:
                yield bound
            finally:
                for timer in (self._ticking, self._alarm):
                    if timer is not None:
                        timer.cancel()
                for task in (*self._running, *self.cards.running):
                    task.cancel()

    def presence(self, scope: Scope) -> Sequence[Mapping[str, Any]]:
        """Every extension as `scope` may see it, joined with its user's own state."""
        return self.desk.presence(scope)

    def queues(self) -> Sequence[Mapping[str, Any]]:
        """Every queue."""
        return self.desk.queues(_now())

    # --- news ---------------------------------------------------------------------------------------------

    async def on(self, news: News) -> None:
        """Take one event from the bus. Waits for nothing but, when a user changed, the users' table."""
        match news:
            case CallChanged():
                self._note_rings(news)
                self._tell(self.desk.on(news))
                self._announce(self.states.call(news.after, _now()))
            case ClientChanged():
                self.cards.forget(news.numbers)
            case UserChanged():
                await self._meet()
                await self.gateway.user_changed(news.user_id)
            case _:
                self._tell(self.desk.on(news))

    def _tell(self, tellings: Iterable[Telling]) -> None:
        told = list(tellings)
        self.gateway.tell(told)
        for telling in told:
            if (card := telling.event.get("card")) is not None:
                for user_id in telling.users or ():
                    self.pops.sent(user_id, telling.event["call"]["id"], card, _now())
        for wanted in self.desk.wanted():
            self._find(wanted)
        if self._ticking is None and self.desk.restless():
            self._ticking = asyncio.get_running_loop().call_later(TICK, self.tick_now)

    def tick_now(self) -> None:
        """Tell what would wait for the next tick; a moment later while the last one is still on its way."""
        if self.gateway.passing():
            self._ticking = asyncio.get_running_loop().call_later(TICK / 10, self.tick_now)
            return
        self._ticking = None
        self._tell(self.desk.tick(_now()))

    def _note_rings(self, news: CallChanged) -> None:
        """Remember every phone that came into the call, for "why no pop?"."""
        before = {party.extension for party in news.before.parties} if news.before else set()
        for party in news.after.parties:
            if party.extension in before:
                continue
            users: Sequence[Scope | None] = self.desk.listening(party.extension) or (None,)
            for user in users:
                connected = user is not None and self.gateway.connected(user.user_id)
                self.pops.rang(news.after, party.extension, user, at=_now(), read_at=news.read_at, connected=connected)

    def _find(self, wanted: Wanted) -> None:
        """The card of a call: at once if the database answers in time, else after the number."""
        patience = asyncio.get_running_loop().call_later(self._patience, self._late, wanted)

        def tell(found: Found) -> None:
            patience.cancel()
            self._found(wanted, found)

        self.cards.ask(wanted.number, tell)

    def _late(self, wanted: Wanted) -> None:
        kept = self.cards.kept(wanted.number)
        if kept is not None:
            self._found(wanted, kept)
        else:
            self._tell(self.desk.late(CallId(wanted.call.id), wanted.scope.user_id))

    def _found(self, wanted: Wanted, found: Found) -> None:
        scope = wanted.scope
        self.pops.found(scope.user_id, wanted.call.id, found.source)
        self._tell(self.desk.card(CallId(wanted.call.id), scope.user_id, wanted.number, found.shape(scope)))
        self.gateway.flush()

    # --- the gateway's audience ---------------------------------------------------------------------------

    def arrived(self, scope: Scope) -> None:
        """A page was opened."""
        changed = self.states.meet(scope.user_id, scope.name, scope.extension)
        self._announce(changed + self.states.arrived(scope.user_id, _now()))
        self._tell(())

    def left(self, scope: Scope) -> None:
        """A user's last page was closed."""
        self._set_alarm(self.states.left(scope.user_id, _now()))

    def shown(self, scope: Scope, call_id: str, *, hidden: bool) -> None:
        """A card was painted."""
        seconds = self.pops.shown(scope.user_id, call_id, hidden=hidden, at=_now(), now=time.monotonic())
        if seconds is not None:
            POP.labels("hidden" if hidden else "visible").observe(seconds)

    async def tasks(self, scope: Scope) -> Sequence[dict[str, Any]]:
        """The user's tasks, for his snapshot; none while the database is away."""
        try:
            return await self._tasks_of(scope)
        except Exception:
            log.warning("a user's tasks could not be read", exc_info=True)
            return ()

    # --- the users' own states ----------------------------------------------------------------------------

    def choose(self, scope: Scope, state: WorkState, reason: str | None) -> UserState:
        """The user says what he is now; raises Conflict where that is not possible."""
        self._announce(self.states.meet(scope.user_id, scope.name, scope.extension))
        self._announce(self.states.choose(scope.user_id, state, reason, _now()))
        return self.state_of(scope)

    def state_of(self, scope: Scope) -> UserState:
        """The user's state."""
        state = self.states.of(scope.user_id)
        if state is None:
            raise Conflict("You are not at work yet")
        return state

    async def _meet(self) -> None:
        people = await self._people()
        changed = [state for one in people for state in self.states.meet(one.id, one.name, one.extension)]
        self._announce(changed + self.states.remove_all_but(one.id for one in people))

    def _announce(self, changed: Iterable[UserState]) -> None:
        for state in changed:
            self._publish(UserStateChanged(at=_now(), state=state))
            self._rest(state)
            self._set_alarm(state.until)

    def _set_alarm(self, due: datetime | None) -> None:
        """Look at the states again at `due`, or before."""
        if due is None:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, (due - _now()).total_seconds())
        if self._alarm is not None and self._alarm.when() > when:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._announce(self.states.due(_now()))
        self._set_alarm(self.states.next_due())

    def _rest(self, state: UserState) -> None:
        """Who pauses or wraps up is not rung by the PBX's queues either."""
        if state.extension is None or state.state == "offline":
            return
        rests = state.state in ("paused", "wrapup")
        before = self._rests.get(state.extension)
        self._rests[state.extension] = (rests, state.reason or state.state if rests else "")
        if before is None or before[0] != rests:  # at first the PBX may still keep what an earlier run told it
            self._start(self._rest_in_queues(state.extension))

    async def _rest_in_queues(self, extension: str) -> None:
        paused, reason = self._rests[extension]
        try:
            await self._pause(extension, paused, reason)
        except Exception:
            log.warning("a pause was not taken by the PBX", extension=extension, exc_info=True)

    async def settled(self) -> None:
        """Wait until every look-up and pause that was begun is done."""
        while running := {*self._running, *self.cards.running}:
            await asyncio.wait(running)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _now() -> datetime:
    return datetime.now(UTC)
