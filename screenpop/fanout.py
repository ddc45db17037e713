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
from screenpop.telling import sees_peers

OUTBOX = 1_048_576
SLICE = 0.0005  # seconds after which a frame for many lets a pop pass
MANY = 64
Group = tuple[Topics, bool]


class Pipe(Protocol):
    """The way out: asyncio's transport, or a test's."""

    def get_write_buffer_size(self) -> int: ...
    def write(self, data: bytes) -> object: ...


class Link:
    """One open connection: whose it is, what it wants to hear, its way out, and frames it is about to get."""

    __slots__ = ("due", "limit", "open", "pipe", "scope", "session_id", "topics")

    def __init__(self, pipe: Pipe, scope: Scope, session_id: str) -> None:
        self.pipe = pipe
        self.scope = scope
        self.session_id = session_id
        self.topics = DEFAULT
        self.limit = OUTBOX
        self.open = True
        self.due: list[bytes] = []


class Fanout:
    """Every open link, found by user and by what it hears. `let_go(link)`: its browser stopped reading."""

    def __init__(self, let_go: Callable[[Link], None]) -> None:
        self.let_go = let_go
        self._turns: deque[Link] = deque()
        self._pumping = False
        self._groups: dict[Group, dict[Link, None]] = {}
        self._by_user: dict[str, dict[Link, None]] = {}

    def __len__(self) -> int:
        return sum(len(links) for links in self._by_user.values())

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
        special = {user for told in batch for user in (told.telling.users or told.telling.besides)}
        apart = {link for user in special for link in self._by_user.get(user, ())}
        for (topics, peers), links in self._groups.items():
            suiting = [told for told in batch if told.telling.suits(peers, topics)]
            common = [told.encoded for told in suiting if told.telling.users is None]
            if common:
                self._write_many(links.keys() - apart, frame(array(common)))
            self._send_special(suiting, links.keys() & apart)

    def write(self, links: Iterable[Link], data: bytes) -> None:
        """Write one frame to a few, after what they are about to get."""
        for link in links:
            if link.due:
                link.due.append(data)
                self._pass(link)
            else:
                self._put(link, data)

    def _write_many(self, links: Collection[Link], data: bytes) -> None:
        """The same for any number: many of them in slices of time, so that a pop need not wait for all."""
        if len(links) <= MANY:
            self.write(links, data)
            return
        for link in links:
            link.due.append(data)
        self._turns.extend(links)
        if not self._pumping:
            self._pump()

    def _pump(self) -> None:
        """Pass on what is due for half a millisecond; then whatever else is ready has its turn."""
        turns, until = self._turns, time.perf_counter() + SLICE
        while turns:
            for _ in range(min(8, len(turns))):
                self._pass(turns.popleft())
            if time.perf_counter() > until:
                break
        self._pumping = bool(turns)
        if turns:
            asyncio.get_running_loop().call_soon(self._pump)

    def _pass(self, link: Link) -> None:
        if due := link.due:
            self._put(link, due[0] if len(due) == 1 else b"".join(due))
            due.clear()

    def _put(self, link: Link, data: bytes) -> None:
        """Hand bytes to the transport. A browser that is just leaving is passed over: its handler is on its way."""
        if not link.open:
            return
        if link.pipe.get_write_buffer_size() > link.limit:
            link.open = False
            self.let_go(link)
            return
        try:
            link.pipe.write(data)
        except RuntimeError:  # the library has said good-bye already: nothing may follow
            link.open = False

    def _send_to(self, batch: Sequence[Told], users: Iterable[str]) -> None:
        """The same where only some users are concerned: nobody else is looked at."""
        for user in users:
            for link in self._by_user.get(user, ()):
                peers = sees_peers(link.scope)
                self._send_special([told for told in batch if told.telling.suits(peers, link.topics)], [link])

    def _send_special(self, suiting: Sequence[Told], links: Iterable[Link]) -> None:
        for link in links:
            user = link.scope.user_id
            events = [
                told.encoded
                for told in suiting
                if (told.telling.users is None or user in told.telling.users) and user not in told.telling.besides
            ]
            if events:
                self.write((link,), frame(array(events)))

    def _leave_group(self, link: Link) -> None:
        group = _group(link)
        links = self._groups.get(group, {})
        links.pop(link, None)
        if not links:
            self._groups.pop(group, None)


def _group(link: Link) -> Group:
    return link.topics, sees_peers(link.scope)
