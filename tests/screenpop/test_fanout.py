"""Events to many: everybody gets his own, in order, whoever else is being served."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rights import Scope
from screenpop import fanout
from screenpop.fanout import Fanout, Link
from screenpop.protocol import Topics, array, frame
from screenpop.recent import Told
from screenpop.telling import Telling
from tests.screenpop.scene import user

NARROW = Topics(presence=False, extensions=frozenset({"3"}))
PEOPLE = [user(str(number), "supervisor" if number % 5 == 0 else "agent", str(number)) for number in range(40)]


class Wire:
    """A way out that keeps what it was given; `full`: its browser does not read."""

    def __init__(self) -> None:
        self.sent = b""
        self.full = False

    def get_write_buffer_size(self) -> int:
        return 1 << 30 if self.full else 0

    def write(self, data: bytes) -> None:
        self.sent += data

    def events(self) -> list[int]:
        """The numbers of the events that came, in order."""
        left, numbers = self.sent, []
        while left:
            length, begin = left[1], 2
            if length == 126:
                begin, length = 4, int.from_bytes(left[2:4], "big")
            numbers += json.loads(left[begin : begin + length])
            left = left[begin + length :]
        return numbers


users = st.frozensets(st.sampled_from([scope.user_id for scope in PEOPLE]), max_size=5)
tellings = st.builds(
    Telling,
    event=st.just({}),
    users=st.none() | users,
    besides=users,
    kind=st.sampled_from(["", "presence", "queue"]),
    name=st.sampled_from(["1", "3"]),
    peers=st.sampled_from([None, True, False]),
)


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "SLICE", 0.0)
    monkeypatch.setattr(fanout, "AT_ONCE", 0)
    monkeypatch.setattr(fanout, "PART", 3)


async def passed_on(made: Fanout) -> None:
    while made.passing():  # noqa: ASYNC110 - it goes on in the next turn of the loop
        await asyncio.sleep(0)


def linked(let_go: list[Link]) -> tuple[Fanout, dict[Scope, tuple[Link, Wire]]]:
    made, links = Fanout(let_go.append), {}
    for number, scope in enumerate(PEOPLE):
        wire = Wire()
        link = Link(wire, scope, "")
        made.add(link)
        if number % 3 == 0:
            made.subscribe(link, NARROW)
        links[scope] = (link, wire)
    return made, links


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.lists(tellings, max_size=4), st.booleans()), max_size=8))
def test_each_gets_exactly_what_concerns_him_in_order(batches: list[tuple[list[Telling], bool]]) -> None:
    async def tell_all() -> None:
        made, links = linked([])
        told: list[Told] = []
        for batch, breathe in batches:
            fresh = [Told(len(told) + n, each, str(len(told) + n).encode()) for n, each in enumerate(batch)]
            told += fresh
            if fresh:
                made.send(fresh)
            if breathe:
                await asyncio.sleep(0)
        await passed_on(made)
        for scope, (link, wire) in links.items():
            assert wire.events() == [each.seq for each in told if each.telling.concerns(scope, link.topics)]

    asyncio.run(tell_all())


async def test_a_pop_overtakes_others_turns_but_never_what_its_own_agent_was_told_before() -> None:
    made, links = linked([])
    last = PEOPLE[-1]
    made.send([Told(1, Telling(event={}), b"1")])
    assert links[last][1].events() == [], "his turn has not come"
    made.send([Told(2, Telling(event={}, users=frozenset({last.user_id})), b"2")])
    assert links[last][1].events() == [1, 2]
    await passed_on(made)
    assert links[last][1].events() == [1, 2]
    assert links[PEOPLE[1]][1].events() == [1]


async def test_who_does_not_read_is_let_go_and_hears_no_more() -> None:
    let_go: list[Link] = []
    made, links = linked(let_go)
    link, wire = links[PEOPLE[2]]
    wire.full = True
    made.send([Told(1, Telling(event={}), b"1")])
    await passed_on(made)
    wire.full = False
    made.write((link,), frame(array([b"2"])))
    assert (let_go, wire.events()) == ([link], [])
    assert links[PEOPLE[3]][1].events() == [1]


def test_a_users_links_are_forgotten_with_the_last_one() -> None:
    made = Fanout(lambda _: None)
    first, second = Link(Wire(), PEOPLE[0], ""), Link(Wire(), PEOPLE[0], "")
    made.add(first)
    made.add(second)
    assert [made.remove(first), made.remove(second), len(made)] == [False, True, 0]
