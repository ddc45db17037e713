"""The bus: one ordered inbox a reader, so that a slow or failing reader hurts only itself."""

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


@dataclass(slots=True)
class _Reader:
    name: str
    handle: Handler
    kinds: tuple[type, ...]
    inbox: deque[News] = field(default_factory=deque)
    """What is not handled yet; the first one may be in hand."""
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    emptied: asyncio.Event = field(default_factory=asyncio.Event)


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
                reader.emptied.clear()
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
                await reader.emptied.wait()


async def _read(reader: _Reader) -> None:
    inbox = reader.inbox
    while True:
        await reader.filled.wait()
        reader.filled.clear()
        while inbox:
            try:
                await reader.handle(inbox[0])
            except Exception:
                FAILURES.labels(reader.name).inc()
                log.exception("a reader failed on an event", reader=reader.name, event_kind=type(inbox[0]).__name__)
            finally:
                inbox.popleft()
        reader.emptied.set()
