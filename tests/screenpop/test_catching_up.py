"""A stale snapshot plus the events since equals a fresh snapshot, whatever happened and whenever one was cut off."""

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calls import Call, CallState
from domain.events import CallChanged, CallMerged, CallStored, News, UserStateChanged
from domain.presence import PhoneState, UserState, WorkState
from domain.rights import Scope
from screenpop.desk import Desk
from screenpop.floor import QUEUE_PACE
from screenpop.protocol import DEFAULT, Topics
from screenpop.recent import Recent, Told
from screenpop.telling import Telling
from tests.screenpop.scene import NOON, Screen, inbound, phone, queue, user, with_parties

USERS = (
    user("olga", extension="101"),
    user("ivan", extension="102"),
    user("oleg", extension="102"),
    user("chief", "supervisor"),
    user("boss", "supervisor", "103"),
    user("mark", "marketer"),
)
EXTENSIONS = ("101", "102", "103", "104")
PART: tuple[CallState, ...] = ("dialing", "ringing", "talking", "held")
PHONE: tuple[PhoneState, ...] = ("idle", "ringing", "talking", "unavailable")
WORK: tuple[WorkState, ...] = ("ready", "paused", "wrapup", "offline")

calls = st.tuples(
    st.just("call"),
    st.integers(1, 3),
    st.dictionaries(st.sampled_from(EXTENSIONS), st.sampled_from(PART)),
    st.sampled_from(("ringing", "talking", "ended", "merged")),
    st.sampled_from((None, "+79211234567", "+78120000000")),
)
phones = st.tuples(
    st.just("phone"), st.sampled_from(EXTENSIONS), st.sampled_from(PHONE), st.sampled_from((None, "a", "b"))
)
work = st.tuples(st.just("user"), st.sampled_from(USERS), st.sampled_from(WORK), st.sampled_from((None, *EXTENSIONS)))
waiting = st.tuples(st.just("queue"), st.sampled_from(("sales", "help")), st.integers(0, 3))
stored = st.tuples(st.just("stored"), st.integers(1, 3))
cards = st.tuples(st.just("cards"), st.booleans())
ticks = st.tuples(st.just("tick"))
steps = st.lists(st.one_of(calls, calls, phones, work, waiting, stored, cards, ticks), max_size=60)


class Centre:
    """A desk under a random run of news, with its numbers and its memory, as the gateway keeps them."""

    def __init__(self, recent: Recent) -> None:
        self.desk = Desk(actions=lambda call, scope: (scope.role, call.state))
        self.recent = recent
        self.seq = 0
        self.at = NOON
        self.calls: dict[int, Call] = {}
        self.wanted = []

    def step(self, step: tuple) -> None:  # type: ignore[type-arg]
        match step:
            case ("cards", in_time):
                wanted, self.wanted = self.wanted, []
                for each in wanted:
                    user_id = each.scope.user_id
                    if not in_time:
                        self.tell(self.desk.late(each.call.id, user_id))
                    card = {"client": each.number, "match": "exact"}
                    self.tell(self.desk.card(each.call.id, user_id, each.number, card))
            case ("tick",):
                self.tell(self.desk.tick(self.at))
            case _:
                for each in self.news(step):
                    self.tell(self.desk.on(each))
        self.wanted += self.desk.wanted()

    def news(self, step: tuple) -> Iterator[News]:  # type: ignore[type-arg]
        match step:
            case ("call", number, parties, state, caller):
                before = self.calls.pop(number, None)
                base = before or inbound(number)
                over = state in ("ended", "merged")
                after = with_parties(
                    replace(base, caller=replace(base.caller, number=caller)), {} if over else parties, state
                )
                yield CallChanged(at=NOON, before=before, after=after, read_at=1.0)
                if state == "merged":
                    yield CallMerged(at=NOON, call=after, into=inbound(9).id)
                if not over:
                    self.calls[number] = after
            case ("phone", extension, state, peer):
                yield phone(extension, state, peer)
            case ("user", scope, state, extension):
                own = UserState(user_id=scope.user_id, name=scope.name, extension=extension, state=state)
                yield UserStateChanged(at=NOON, state=own)
            case ("queue", name, count):
                yield queue(name, count)
            case ("stored", number) if number in self.calls:
                yield CallStored(at=NOON, call=self.calls[number].with_client("c1"))

    def tell(self, tellings: list[Telling]) -> None:
        for telling in tellings:
            self.seq += 1
            event = {"seq": self.seq, "at": "", **telling.event}
            self.recent.add(Told(self.seq, telling, event))  # type: ignore[arg-type] # events stay readable here

    def settle(self) -> None:
        self.step(("cards", True))
        self.at += QUEUE_PACE
        self.step(("tick",))

    def snapshot(self, scope: Scope) -> Screen:
        screen = Screen()
        self.seq += 1
        screen.read([{"seq": self.seq, **self.desk.snapshot(scope, NOON)}])
        return screen


class Everything(Recent):
    """A memory of plain events, with every topic subscribed."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Told] = []

    def add(self, told: Told) -> None:
        self.told.append(told)

    def after(self, seq: int, scope: Scope) -> list:  # type: ignore[type-arg]
        topics = Topics(queues=True)
        return [told.encoded for told in self.told if told.seq > seq and told.telling.concerns(scope, topics)]


@settings(max_examples=300, deadline=None)
@given(steps, st.integers(0, 60))
def test_a_stale_snapshot_and_the_events_since_equal_a_fresh_snapshot(run: list[tuple], cut: int) -> None:  # type: ignore[type-arg]
    centre = Centre(Everything())
    for scope in USERS:
        centre.desk.join(scope)
    for step in run[:cut]:
        centre.step(step)
    screens = {scope: centre.snapshot(scope) for scope in USERS}
    for step in run[cut:]:
        centre.step(step)
    centre.settle()
    for scope, screen in screens.items():
        screen.read(centre.recent.after(screen.seq, scope))  # type: ignore[arg-type]
        fresh = centre.snapshot(scope)
        assert (screen.calls, screen.presence, screen.queues) == (fresh.calls, fresh.presence, fresh.queues)


@settings(max_examples=100, deadline=None)
@given(steps, st.integers(0, 60))
def test_who_joins_late_ends_up_like_who_was_there_from_the_beginning(run: list[tuple], cut: int) -> None:  # type: ignore[type-arg]
    early, late = Centre(Everything()), Centre(Everything())
    for scope in USERS:
        early.desk.join(scope)
    for step in run[:cut]:
        early.step(step)
        late.step(step)
    for scope in USERS:
        late.desk.join(scope)
    late.wanted += late.desk.wanted()
    for step in run[cut:]:
        early.step(step)
        late.step(step)
    early.settle()
    late.settle()
    for scope in USERS:
        first, second = early.snapshot(scope), late.snapshot(scope)
        assert (first.calls, first.presence, first.queues) == (second.calls, second.presence, second.queues)


def _told(seq: int, telling: Telling) -> Told:
    return Told(seq, telling, b"x" * 10)


@given(st.integers(1, 40), st.integers(0, 60))
def test_the_memory_gives_all_that_was_missed_or_says_that_it_forgot(most: int, since: int) -> None:
    recent, olga = Recent(most=most), USERS[0]
    mine = Telling(event={}, users=frozenset({olga.user_id}))
    others = Telling(event={}, users=frozenset({"somebody"}))
    for seq in range(1, 51):
        recent.add(_told(seq, mine if seq % 2 else others))
    missed = recent.after(since, olga)
    expected = sum(1 for seq in range(since + 1, 51) if seq % 2)
    assert missed is None or len(missed) == expected
    if since >= 50 - most:
        assert missed is not None
    assert DEFAULT.covers("", "")
