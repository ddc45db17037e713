"""The history of calls: a row from the first ring on, every end durable before it is told.

Group commit: whoever has a row to store waits for his own acknowledgement, while all rows that came meanwhile go
in one transaction. While the database is away rows go to the spool and count as stored; they are written, in
order, before anything newer when it is back.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from crm_store import call_rows
from crm_store.call_rows import Row, Stored
from crm_store.connection import AWAY
from crm_store.database import Database
from crm_store.spool import Spool
from domain.calls import Call
from domain.events import CallChanged, CallEnded, CallMerged, CallStored
from domain.problems import Problem

log = structlog.get_logger()
REJECTED = Counter("switchroom_calls_rejected", "Calls the database refused for good")
SPOOLED = Counter("switchroom_calls_spooled", "Calls kept on disk while the database was away")
AWAY_GAUGE = Gauge("switchroom_database_away", "1 while calls go to the spool")

LARGEST_BATCH = 1000
RUNNING_SECONDS = 1.0
GATHER_SECONDS = 0.02
AWAY_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
CATCH_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: Call
    row: Row  # made when the call came, while the database is busy with those before it
    ack: asyncio.Future[Call] | None = None
    into: str | None = None  # where the call was merged into another


class History:
    """Takes calls as they change and end; `stored` hears of every ended one after its commit."""

    def __init__(
        self, database: Database, spool_dir: Path, *, stored: Callable[[CallStored], None] = lambda _: None
    ) -> None:
        self._pool = database.pool
        self._spool = Spool(spool_dir)
        self._stored = stored
        self._waiting: list[_Waiting] = []
        self._writing: Sequence[_Waiting] = ()
        self._wrote = asyncio.Event()
        self._running: dict[str, tuple[float, Call]] = {}  # with the moment its row is due: the first due first
        self._wake = asyncio.Event()
        self._retry_at = 0.0
        self._closing = False
        self._opened = datetime.now(UTC)
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "History":
        self._writer = asyncio.create_task(self._write_on(), name="history")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is waiting, then stop."""
        assert self._writer is not None
        self._put_due(inf)
        self._closing = True
        self._wake.set()
        await self._writer

    async def log(self, call: Call) -> Call:
        """Store `call` and return it as it stands in the history once it is durable. Raises what the database
        says of a row it cannot take, Unavailable where neither it nor the spool can."""
        ack: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        self._running.pop(call.id, None)
        self._put(call, ack)
        return await ack

    async def on(self, news: CallChanged | CallEnded | CallMerged) -> None:
        """Take one event and return at once; the first ring and the end are stored now, the rest within a second."""
        match news:
            case CallChanged(before=None, after=call) if not call.ended():
                self._put(call)
            case CallChanged(after=call) if not call.ended():
                self._put_off(call)
            case CallChanged():
                return  # CallEnded follows
            case CallEnded(call=call):
                self._running.pop(call.id, None)
                self._put(call)
            case CallMerged(call=call, into=into):
                self._running.pop(call.id, None)
                self._put(call, into=into)

    async def caught_up(self, call_id: str) -> None:
        """Wait, for a moment at most, until the row of a call says all that was heard of it: whoever has just been
        told of a call finds it in the history. What waits on disk is tried again at once."""
        if (later := self._running.pop(call_id, None)) is not None:
            self._put(later[1])
        if self._spool:
            self._retry_at = time.monotonic()
            self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while self._replay_is_due() or any(one.call.id == call_id for one in (*self._writing, *self._waiting)):
                    await self._wrote.wait()

    def _replay_is_due(self) -> bool:
        return bool(self._spool) and time.monotonic() >= self._retry_at

    async def close_left_open(self, pbx: str, live: Iterable[str]) -> None:
        """Close what an earlier run left open and `pbx`, which has just told its `live` calls, does not know."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._pool.acquire() as connection:
                closed = await call_rows.close_left_open(connection, pbx, list(live), self._opened)
        except AWAY:
            log.warning("calls of an earlier run were not looked through: the database is away")
            return
        if closed:
            log.warning("calls ended while nobody listened", pbx=pbx, calls=len(closed))

    def _put(self, call: Call, ack: asyncio.Future[Call] | None = None, into: str | None = None) -> None:
        self._waiting.append(_Waiting(call, call_rows.encoded(call, into), ack))
        self._wake.set()

    def _put_off(self, call: Call) -> None:
        """Rows of running calls linger a second, so that a busy call costs few writes."""
        if not self._running:
            self._wake.set()
        due, _ = self._running.get(call.id, (time.monotonic() + RUNNING_SECONDS, call))
        self._running[call.id] = (due, call)

    def _put_due(self, until: float) -> None:
        for due, call in tuple(self._running.values()):
            if due > until:
                break
            del self._running[call.id]
            self._put(call)

    async def _write_on(self) -> None:
        """Write batch after batch."""
        while self._waiting or not self._closing:
            if not self._waiting:
                await self._rest()
            self._put_due(time.monotonic())
            if self._replay_is_due():
                await self._replay()
            if self._waiting:
                await self._gather()
                await self._take()
            self._wrote.set()  # wakes who waits now, and nobody later
            self._wrote.clear()

    async def _rest(self) -> None:
        """Until a row must be written at once, or that of a running call is due."""
        while not self._waiting and not self._closing and not self._replay_is_due():
            self._wake.clear()
            due = next((due - time.monotonic() for due, _ in self._running.values()), None)
            pause = AWAY_SECONDS if due is None and self._spool else due
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                return

    async def _gather(self) -> None:
        """Let more rows come while nobody waits for one: a commit costs as much for ten as for one."""
        if not self._closing and all(one.ack is None for one in self._waiting):
            await asyncio.sleep(GATHER_SECONDS)

    async def _take(self) -> None:
        """One batch: up to the first merge, which is a transaction of its own."""
        cut = next((at for at, one in enumerate(self._waiting) if one.row.into), len(self._waiting))
        size = min(cut, LARGEST_BATCH) or 1
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        self._writing = batch
        try:
            await self._write(batch)
        except Exception as error:
            log.exception("calls could not be stored", calls=len(batch))
            _fail(batch, error)
        finally:
            self._writing = ()

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        rows = {one.call.id: one.row for one in batch}  # the last row of a call wins
        done: dict[str, Stored] = {}
        refused: dict[str, Exception] = {}
        try:
            if self._spool:  # nothing may overtake what is older
                raise ConnectionError
            if batch[0].row.into:
                await self._merge(batch[0].row)
            else:
                done, refused = await self._commit(list(rows.values()))
        except AWAY:
            await self._keep(list(rows.values()))
        except Exception:
            log.exception("calls could not be stored: they wait on disk", calls=len(rows))
            await self._keep(list(rows.values()))
        self._acknowledge(batch, done, refused)

    async def _commit(self, rows: list[Row]) -> tuple[dict[str, Stored], dict[str, Exception]]:
        """All rows in one transaction; where one is bad, row by row, and the bad ones with their reason."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._pool.acquire() as connection:
            done, refused = await call_rows.write_each(connection, rows)
        await self._reject([row for row in rows if row.id in refused])
        return done, refused

    async def _reject(self, rows: list[Row]) -> None:
        if rows:
            REJECTED.inc(len(rows))
            log.error("the database refused calls: they are kept in calls.rejected", calls=len(rows))
            await asyncio.to_thread(self._spool.reject, rows)

    async def _keep(self, rows: list[Row]) -> None:
        if self._retry_at == 0.0:
            log.warning("the database is away: calls go to the spool")
        self._retry_at = time.monotonic() + AWAY_SECONDS
        AWAY_GAUGE.set(1)
        await asyncio.to_thread(self._spool.keep, rows)
        SPOOLED.inc(len(rows))

    async def _replay(self) -> None:
        """Write what waited on disk, oldest first; try again later where the database is still away."""
        try:
            for rows in self._spool.batches():
                await self._write_spooled({row.id: row for row in rows}.values())
        except Exception as error:
            if not isinstance(error, AWAY):
                log.exception("the spool could not be written: it is tried again")
            self._retry_at = time.monotonic() + AWAY_SECONDS
            return
        self._spool.clear()
        self._retry_at = 0.0
        AWAY_GAUGE.set(0)
        log.info("the database is back: the spool is written")

    async def _write_spooled(self, rows: Iterable[Row]) -> None:
        plain = [row for row in rows if row.into is None]
        done, _ = await self._commit(plain)
        for row in plain:
            if row.ended and row.id in done:
                self._tell(call_rows.decoded(row), done[row.id])
        for row in rows:
            if row.into is not None:
                await self._merge(row)

    async def _merge(self, row: Row) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._pool.acquire() as connection:
            await call_rows.merge(connection, row)

    def _acknowledge(self, batch: Sequence[_Waiting], done: dict[str, Stored], refused: dict[str, Exception]) -> None:
        told: set[str] = set()
        for one in reversed(batch):
            call = _as_stored(one.call, done.get(one.call.id))
            if one.ack is not None and not one.ack.done():
                if one.call.id in refused:
                    one.ack.set_exception(refused[one.call.id])
                else:
                    one.ack.set_result(call)
            if call.ended() and call.id in done and call.id not in told:
                told.add(call.id)
                self._stored(CallStored(at=call.ended_at or datetime.now(UTC), call=call))

    def _tell(self, call: Call, stored: Stored) -> None:
        self._stored(CallStored(at=call.ended_at or datetime.now(UTC), call=_as_stored(call, stored)))


def _as_stored(call: Call, stored: Stored | None) -> Call:
    if stored is None:
        return call
    if (call.client_id, call.note, call.disposition) == (stored.client_id, stored.note, stored.disposition):
        return call
    return replace(call, client_id=stored.client_id, note=stored.note, disposition=stored.disposition)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for one in batch:
        if one.ack is not None and not one.ack.done():
            one.ack.set_exception(error if isinstance(error, Problem) else RuntimeError("the call could not be stored"))
