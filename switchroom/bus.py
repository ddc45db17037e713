"""The bus: one ordered inbox a reader, so that a slow or failing reader hurts only itself."""

import asyncio
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
    inbox: asyncio.Queue[News] = field(default_factory=asyncio.Queue)


class Bus:
    """Events between the rooms of one process, in the order they were published."""

    def __init__(self) -> None:
        self._readers: list[_Reader] = []

    def subscribe(self, name: str, handle: Handler, *kinds: type) -> None:
        """Let `handle` read every event of `kinds`, one after the other."""
        reader = _Reader(name, handle, kinds)
        WAITING.labels(name).set_function(reader.inbox.qsize)
        self._readers.append(reader)

    def publish(self, news: News) -> None:
        """Put `news` into the inbox of everyone concerned; never waits, never raises."""
        for reader in self._readers:
            if isinstance(news, reader.kinds):
                reader.inbox.put_nowait(news)

    async def run(self) -> None:
        """Carry the events to their readers until cancelled."""
        async with asyncio.TaskGroup() as readers:
            for reader in self._readers:
                readers.create_task(_read(reader), name=f"bus:{reader.name}")

    async def settled(self) -> None:
        """Wait until every event published so far was handled."""
        for reader in self._readers:
            await reader.inbox.join()


async def _read(reader: _Reader) -> None:
    while True:
        news = await reader.inbox.get()
        try:
            await reader.handle(news)
        except Exception:
            FAILURES.labels(reader.name).inc()
            log.exception("a reader failed on an event", reader=reader.name, event_kind=type(news).__name__)
        finally:
            reader.inbox.task_done()
