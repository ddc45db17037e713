"""Numbering and sending: one rising counter over all events, and everything ready in one turn goes together."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from prometheus_client import Counter

from domain.record import instant
from domain.rights import Scope
from screenpop.fanout import Fanout, Link
from screenpop.protocol import array, encode, frame
from screenpop.recent import Recent, Told
from screenpop.telling import Telling

EVENTS = Counter("switchroom_live_events", "Events told by the live gateway", ["type"])
_counted = cache(EVENTS.labels)


class Post:
    """What is told, in order."""

    def __init__(self, fanout: Fanout, recent: Recent) -> None:
        self._fanout = fanout
        self._recent = recent
        self._seq = 0
        self._ready: list[Told] = []
        self._flushing = False

    def tell(self, tellings: Iterable[Telling]) -> None:
        """Number and encode each event once, and send all that is ready in this turn of the loop together."""
        at = ""
        for telling in tellings:
            at = at or now()
            self._seq += 1
            told = Told(self._seq, telling, encode(self._seq, at, telling.event))
            self._recent.add(told)
            self._ready.append(told)
            _counted(telling.event["type"]).inc()
        if self._ready and not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send what is ready now."""
        batch, self._ready, self._flushing = self._ready, [], False
        if batch:
            self._fanout.send(batch)

    def say(self, link: Link, *events: Mapping[str, Any]) -> None:
        """Tell this link alone, after everything that was told before."""
        self.flush()
        self._fanout.write((link,), frame(array([self._numbered(event) for event in events])))

    def open(self, link: Link, hello: Mapping[str, Any], snapshot: Callable[[], Mapping[str, Any]]) -> None:
        """The first frame of a new link: hello and a snapshot. The hello is number 0: nothing to come back to."""
        self._begin(link, encode(0, now(), hello), [self._numbered(snapshot())])

    def resume(self, link: Link, hello: Mapping[str, Any], since: int, missed: list[bytes]) -> None:
        """The first frame of a link that heard everything up to `since`: hello and what it missed."""
        self._begin(link, encode(since, now(), hello), missed)

    def missed(self, since: int, scope: Scope) -> list[bytes] | None:
        """What `scope` missed since that number; None where only a snapshot helps."""
        return self._recent.after(since, scope) if 0 < since <= self._seq else None

    def _begin(self, link: Link, hello: bytes, events: list[bytes]) -> None:
        first = frame(array([hello, *events]))
        link.limit += len(first)
        self._fanout.write((link,), first)
        self._fanout.add(link)

    def _numbered(self, event: Mapping[str, Any]) -> bytes:
        self._seq += 1
        return encode(self._seq, now(), event)


def now() -> str:
    """This moment, as events carry it."""
    at = instant(datetime.now(UTC))
    assert at is not None
    return at
