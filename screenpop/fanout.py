"""Events to many connections: encoded once, joined once per group, written straight to the transports.

A measured exception to "the library by the book" (`bench/fanout.py`): a frame of a feed without compression
needs no state of the connection, so it is made once and handed to each transport, instead of once per
connection. Nothing here waits; whoever does not read gets no more.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from domain.rights import Scope
from screenpop.protocol import DEFAULT, Topics, array, frame
from screenpop.recent import Told
from screenpop.telling import Telling, sees_peers

OUTBOX = 1_048_576
SLICE = 0.0005  # seconds after which a frame for many lets a pop pass
PART = 8
A_WRITE = 8_192  # bytes: what one more write costs, however short
AT_ONCE = 4_000_000  # bytes: what is written in one go, a few milliseconds; slices would cost more than they save
Group = tuple[Topics, bool]


class Pipe(Protocol):
    """The way out: asyncio's transport, or a test's."""

    def get_write_buffer_size(self) -> int: ...
    def write(self, data: bytes) -> object: ...


class Link:
    """One open connection: whose it is, what it wants to hear, and its way out."""

    __slots__ = ("limit", "open", "pipe", "scope", "session_id", "told_at", "topics")

    def __init__(self, pipe: Pipe, scope: Scope, session_id: str) -> None:
        self.pipe = pipe
        self.scope = scope
        self.session_id = session_id
        self.topics = DEFAULT
        self.limit = OUTBOX
        self.open = True
        self.told_at = 0.0


class _Mail:
    """A batch of events for one group of links: `common` for all of them, own ones for those whom `named` names."""

    __slots__ = ("_batch", "_common", "_named", "_shared")

    def __init__(self, batch: Sequence[Told], group: Group, named: Mapping[str, Sequence[int]]) -> None:
        self._batch = batch
        self._named = named
        self._common = [told.encoded if _for_all(told.telling, group) else b"" for told in batch]
        self._shared = frame(array(filter(None, self._common))) if any(self._common) else b""

    def __len__(self) -> int:
        """Bytes of what is for all."""
        return len(self._shared)

    def frame_for(self, link: Link) -> bytes:
        """What `link` gets; b"" where that is nothing."""
        places = self._named.get(link.scope.user_id)
        if places is None:
            return self._shared
        mine = self._common.copy()
        for at in places:
            told = self._batch[at]
            mine[at] = told.encoded if told.telling.concerns(link.scope, link.topics) else b""
        return frame(array(filter(None, mine))) if any(mine) else b""


class _Round:
    """Mail on its way to many links: each one's frame is made when his turn comes."""

    __slots__ = ("_done", "_early", "_links", "_mail", "_places")

    def __init__(self, links: list[Link], mail: _Mail) -> None:
        self._mail = mail
        self._links = links
        self._done = 0
        self._places = {link: place for place, link in enumerate(links)}
        self._early: set[Link] = set()

    def ended(self) -> bool:
        """Whether everybody has it."""
        return self._done >= len(self._links)

    def next_part(self) -> list[tuple[Link, bytes]]:
        """The next links whose turn it is, each with his frame."""
        part = self._links[self._done : self._done + PART]
        self._done += PART
        return [(link, self._mail.frame_for(link)) for link in part if link not in self._early]

    def take(self, link: Link) -> bytes:
        """The frame of one who still waits for it: he gets it now, out of turn; else b""."""
        if self._places.get(link, -1) < self._done or link in self._early:
            return b""
        self._early.add(link)
        return self._mail.frame_for(link)


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
        named: dict[str, list[int]] = {}
        for at, told in enumerate(batch):
            for user in told.telling.users or told.telling.besides:
                named.setdefault(user, []).append(at)
        if all(told.telling.users is not None for told in batch):
            self._send_to(batch, named)
            return
        for group, links in self._groups.items():
            self._send_many(links, _Mail(batch, group, named))
        self._hurry(batch)

    def write(self, links: Iterable[Link], data: bytes) -> None:
        """Write one frame to a few, after what they are about to get."""
        for link in links:
            for each in self._rounds:
                self._put(link, each.take(link))
            self._put(link, data)

    def _send_to(self, batch: Sequence[Told], named: Mapping[str, Sequence[int]]) -> None:
        """Send where only some users are concerned: nobody else is looked at."""
        for user, places in named.items():
            for link in self._by_user.get(user, ()):
                tellings = [batch[at] for at in places if batch[at].telling.concerns(link.scope, link.topics)]
                if tellings:
                    self.write((link,), frame(array(told.encoded for told in tellings)))

    def _hurry(self, batch: Sequence[Told]) -> None:
        """Who is told of a call, and of much else with it, does not wait for his turn."""
        if self._rounds:
            urgent = {user for told in batch if told.telling.kind == "" for user in told.telling.users or ()}
            self.write([link for user in urgent for link in self._by_user.get(user, ())], b"")

    def _send_many(self, links: Collection[Link], mail: _Mail) -> None:
        """Send to any number: to many in slices of time, so that a pop need not wait for all."""
        if len(links) * (len(mail) + A_WRITE) <= AT_ONCE:
            for link in links:
                self.write((link,), mail.frame_for(link))
            return
        self._rounds.append(_Round(list(links), mail))
        if len(self._rounds) == 1:
            self._pump()

    def _pump(self) -> None:
        """Go on with the rounds for a slice of time; then whatever else is ready has its turn."""
        until = time.perf_counter() + SLICE
        while self._rounds:
            first = self._rounds[0]
            for link, data in first.next_part():
                self._put(link, data)
            if first.ended():
                self._rounds.popleft()
            if time.perf_counter() > until:
                break
        if self._rounds:
            asyncio.get_running_loop().call_soon(self._pump)

    def _put(self, link: Link, data: bytes) -> None:
        """Hand a frame to the transport. A browser that is just leaving is passed over: its handler is on its way."""
        if not data or not link.open:
            return
        pipe = link.pipe
        if pipe.get_write_buffer_size() > link.limit:
            link.open = False
            self.let_go(link)
            return
        try:
            pipe.write(data)
        except RuntimeError:  # the library has said good-bye already: nothing may follow
            link.open = False
        link.told_at = time.monotonic()

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
