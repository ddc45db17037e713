"""The bus: one ordered inbox a reader, so that a slow or failing reader hurts only itself.

A reader that never waits gives way after a handful of events: a long inbox of one must not hold up the others.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter, Gauge

from domain.events import News

log = structlog.get_logger()
FAILURES = Counter("switchroom_bus_failures", "News a reader failed on", ["reader"])
WAITING = Gauge("switchroom_bus_waiting", "News a reader has not read yet", ["reader"])

Handler = Callable[[News], Awaitable[None]]
HANDFUL = 32


@dataclass(slots=True)
class _Reader:
    name: str
    handle: Handler
    kinds: tuple[type, ...]
    inbox: deque[News] = field(default_factory=deque)
    """What is not handled yet; the first one may be in hand."""
    handled: int = 0
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Wakes who waits for this reader, after each handful; never stays set."""


class Bus:
    """Events between the rooms of one process, in the order they were published."""

    def __init__(self) -> None:
        self._readers: list[_Reader] = []
        self._concerned: dict[type, list[_Reader]] = {}

    def subscribe(self, name: str, handle: Handler, *kinds: type) -> None:
        """Let `handle` read every event of `kinds`, one after the other."""
        reader = _Reader(name, handle, kinds)
        WAITING.labels(name).set_function(lambda: len(reader.inbox))
        self._readers.append(reader)
        self._concerned.clear()

    def publish(self, news: News) -> None:
        """Put `news` into the inbox of everyone concerned; never waits, never raises."""
        kind = type(news)
        if (concerned := self._concerned.get(kind)) is None:
            concerned = [reader for reader in self._readers if issubclass(kind, reader.kinds)]
            self._concerned[kind] = concerned
        for reader in concerned:
            if not reader.inbox:
                reader.filled.set()
            reader.inbox.append(news)

    async def run(self) -> None:
        """Carry the events to their readers until cancelled."""
        async with asyncio.TaskGroup() as readers:
            for reader in self._readers:
                readers.create_task(_read(reader), name=f"bus:{reader.name}")

    async def settled(self) -> None:
        """Wait until every event published so far was handled."""
        for reader in self._readers:
            while reader.inbox:
                await reader.moved.wait()

    async def handled(self, name: str) -> None:
        """Wait until the reader called `name` has handled what was published until now, not what comes meanwhile."""
        for reader in self._readers:
            due = reader.handled + len(reader.inbox)
            while reader.name == name and reader.handled < due:
                await reader.moved.wait()


async def _read(reader: _Reader) -> None:
    inbox = reader.inbox
    while True:
        await reader.filled.wait()
        reader.filled.clear()
        while inbox:
            for _ in range(min(len(inbox), HANDFUL)):
                await _handle(reader, inbox[0])
            reader.moved.set()
            reader.moved.clear()
            if inbox:
                await asyncio.sleep(0)


async def _handle(reader: _Reader, news: News) -> None:
    try:
        await reader.handle(news)
    except Exception:
        FAILURES.labels(reader.name).inc()
        log.exception("a reader failed on an event", reader=reader.name, event_kind=type(news).__name__)
    finally:
        reader.inbox.popleft()
        reader.handled += 1
