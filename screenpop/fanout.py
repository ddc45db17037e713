"""Events to many connections: encoded once, joined once per group, written straight to the transports.

A measured exception to "the library by the book" (`bench/fanout.py`): a frame of a feed without compression
needs no state of the connection, so it is made once and handed to each transport, instead of once per
connection. Nothing here waits; whoever does not read gets no more.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from domain.rights import Scope
from screenpop.protocol import DEFAULT, Topics, array, frame
from screenpop.recent import Told
from screenpop.telling import Telling, sees_peers

OUTBOX = 1_048_576
SLICE = 0.002  # seconds after which a frame for many lets a pop pass
PART = 32
A_WRITE = 8_192  # bytes: what one more write costs, however short
AT_ONCE = 12_000_000  # bytes: what is written in one go, some milliseconds; slices would cost more than they save
Group = tuple[Topics, bool]


class Pipe(Protocol):
    """The way out: asyncio's transport, or a test's."""

    def get_write_buffer_size(self) -> int: ...
    def write(self, data: bytes) -> object: ...


class Link:
    """One open connection: whose it is, what it wants to hear, and its way out."""

    __slots__ = ("limit", "open", "pipe", "scope", "session_id", "topics")

    def __init__(self, pipe: Pipe, scope: Scope, session_id: str) -> None:
        self.pipe = pipe
        self.scope = scope
        self.session_id = session_id
        self.topics = DEFAULT
        self.limit = OUTBOX
        self.open = True


class _Round:
    """A frame on its way to many links."""

    __slots__ = ("_done", "_links", "_served", "data")

    def __init__(self, links: list[Link], data: bytes) -> None:
        self.data = data
        self._links = links
        self._done = 0
        self._served: set[Link] = set()

    def ended(self) -> bool:
        """Whether everybody has it."""
        return self._done >= len(self._links)

    def next_part(self) -> list[Link]:
        """The next links whose turn it is."""
        part = self._links[self._done : self._done + PART]
        self._done += PART
        return [link for link in part if link not in self._served] if self._served else part

    def serve(self, links: Iterable[Link]) -> list[Link]:
        """Those of `links` who still wait for this frame: they get it now, out of turn."""
        waiting = self._links[self._done :]
        early = [link for link in links if link not in self._served and link in waiting]
        self._served.update(early)
        return early


class Fanout:
    """Every open link, found by user and by what it hears. `let_go(link)`: its browser stopped reading."""

    def __init__(self, let_go: Callable[[Link], None]) -> None:
        self.let_go = let_go
        self._rounds: deque[_Round] = deque()
        self._groups: dict[Group, dict[Link, None]] = {}
        self._by_user: dict[str, dict[Link, None]] = {}

    def __len__(self) -> int:
        return sum(len(links) for links in self._by_user.values())

    def passing(self) -> bool:
        """Whether a frame for many is still on its way to some."""
        return bool(self._rounds)

    def of(self, user_id: str) -> list[Link]:
        """That user's links."""
        return list(self._by_user.get(user_id, ()))

    def all(self) -> list[Link]:
        """Every link."""
        return [link for links in self._by_user.values() for link in links]

    def add(self, link: Link) -> None:
        """Let `link` hear what is sent from now on."""
        self._by_user.setdefault(link.scope.user_id, {})[link] = None
        self._groups.setdefault(_group(link), {})[link] = None

    def remove(self, link: Link) -> bool:
        """Forget `link`; whether its user has none left."""
        mine = self._by_user.get(link.scope.user_id, {})
        mine.pop(link, None)
        self._leave_group(link)
        if not mine:
            self._by_user.pop(link.scope.user_id, None)
        return not mine

    def subscribe(self, link: Link, topics: Topics) -> None:
        """From now on `link` hears `topics`."""
        self._leave_group(link)
        link.topics = topics
        self._groups.setdefault(_group(link), {})[link] = None

    def send(self, batch: Sequence[Told]) -> None:
        """Send events that are ready together: each link gets its own in one frame."""
        if all(told.telling.users is not None for told in batch):
            self._send_to(batch, {user for told in batch for user in told.telling.users or ()})
            return
        named: dict[str, list[int]] = {}
        for at, told in enumerate(batch):
            for user in told.telling.users or told.telling.besides:
                named.setdefault(user, []).append(at)
        apart = {link: named[user] for user in named for link in self._by_user.get(user, ())}
        for group, links in self._groups.items():
            common = [told.encoded if _for_all(told.telling, group) else b"" for told in batch]
            if any(common):
                plain = [link for link in links if link not in apart] if apart else links
                self._write_many(plain, frame(array(filter(None, common))))
            for link, places in apart.items():
                if link in links:
                    self._send_apart(link, batch, common, places)

    def write(self, links: Iterable[Link], data: bytes) -> None:
        """Write one frame to a few, after what they are about to get."""
        if self._rounds:
            links = tuple(links)
            for each in self._rounds:
                self._put(each.serve(links), each.data)
        self._put(links, data)

    def _write_many(self, links: Collection[Link], data: bytes) -> None:
        """The same for any number: many of them in slices of time, so that a pop need not wait for all."""
        if len(links) * (len(data) + A_WRITE) <= AT_ONCE:
            self.write(links, data)
            return
        self._rounds.append(_Round(list(links), data))
        if len(self._rounds) == 1:
            self._pump()

    def _pump(self) -> None:
        """Go on with the rounds for a slice of time; then whatever else is ready has its turn."""
        until = time.perf_counter() + SLICE
        while self._rounds:
            first = self._rounds[0]
            self._put(first.next_part(), first.data)
            if first.ended():
                self._rounds.popleft()
            if time.perf_counter() > until:
                break
        if self._rounds:
            asyncio.get_running_loop().call_soon(self._pump)

    def _put(self, links: Iterable[Link], data: bytes) -> None:
        """Hand a frame to the transports. A browser that is just leaving is passed over: its handler is on its way."""
        for link in links:
            if not link.open:
                continue
            pipe = link.pipe
            if pipe.get_write_buffer_size() > link.limit:
                link.open = False
                self.let_go(link)
                continue
            try:
                pipe.write(data)
            except RuntimeError:  # the library has said good-bye already: nothing may follow
                link.open = False

    def _send_to(self, batch: Sequence[Told], users: Iterable[str]) -> None:
        """The same where only some users are concerned: nobody else is looked at."""
        for user in users:
            for link in self._by_user.get(user, ()):
                events = [told.encoded for told in batch if told.telling.concerns(link.scope, link.topics)]
                if events:
                    self.write((link,), frame(array(events)))

    def _send_apart(self, link: Link, batch: Sequence[Told], common: Sequence[bytes], places: Iterable[int]) -> None:
        """To one whom some of the events name, at `places`: what is for all but those, and what is for him."""
        mine = list(common)
        for at in places:
            told = batch[at]
            mine[at] = told.encoded if told.telling.concerns(link.scope, link.topics) else b""
        if any(mine):
            self.write((link,), frame(array(filter(None, mine))))

    def _leave_group(self, link: Link) -> None:
        group = _group(link)
        links = self._groups.get(group, {})
        links.pop(link, None)
        if not links:
            self._groups.pop(group, None)


def _for_all(telling: Telling, group: Group) -> bool:
    """Whether everybody in the group gets it, but those it names as `besides`."""
    topics, peers = group
    return telling.users is None and telling.suits(peers, topics)


def _group(link: Link) -> Group:
    return link.topics, sees_peers(link.scope)
