"""The live gateway: the agents' browsers on websockets (contract, section 5).

A snapshot, then the stream; who comes back gets what he missed. `tell` never waits: who stops reading is let go
and nobody else notices.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Gauge
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from domain.rights import Scope
from screenpop.admission import Credentials, Pages, Wish
from screenpop.audience import Audience, SignedIn
from screenpop.desk import Desk
from screenpop.doorway import CLOSING, greet, shut, wish
from screenpop.fanout import Fanout, Link
from screenpop.post import Post, now
from screenpop.protocol import Close, Junk, Shown, Subscribe, parse
from screenpop.recent import Recent
from screenpop.telling import Telling

log = structlog.get_logger()
CONNECTIONS = Gauge("switchroom_live_connections", "Open connections of the live gateway")

LARGEST_MESSAGE = 4_194_304  # bigger ones are refused by the protocol itself (1009)
HEARTBEAT = 1.0  # a page must notice within 2 s that nothing comes any more
PINGS = 5  # heartbeats to a connection that is told other things all the time
LINGER = 120.0
DEAD_AFTER = 20.0
TRY_AGAIN = 1013
RESTART = 1012

Authorise = Callable[[Credentials], Awaitable[SignedIn | None]]
Recheck = Callable[[str], Awaitable[SignedIn | None]]


class Gateway:
    """The open connections, and what is told to them.

    `authorise` raises where it cannot tell (no database): the browser is asked to come again. `recheck` is asked
    by session id when a user changed. `audience` is set before serving begins. `linger`: seconds for which what
    a user missed is kept; `dead_after`: seconds without an answer to a ping.
    """

    audience: Audience

    def __init__(
        self,
        *,
        authorise: Authorise,
        recheck: Recheck,
        desk: Desk,
        web_port: int,
        public_url: str = "",
        pages: Pages | None = None,
        version: str = "",
        recent: Recent | None = None,
        heartbeat: float = HEARTBEAT,
        linger: float = LINGER,
        dead_after: float = DEAD_AFTER,
    ) -> None:
        self._authorise = authorise
        self._recheck = recheck
        self._desk = desk
        self._own_pages = (web_port, public_url)
        self._pages = pages
        self._version = version
        self._heartbeat = heartbeat
        self._linger = linger
        self._dead_after = dead_after
        self.epoch = uuid4().hex
        self._fanout = Fanout(self._let_go)
        self._post = Post(self._fanout, recent or Recent())
        self._connections: dict[Link, ServerConnection] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._revision = 0

    def tell(self, tellings: Iterable[Telling]) -> None:
        """Send events to everyone they concern. Never waits."""
        self._post.tell(tellings)

    def flush(self) -> None:
        """Send what was told now, not in the next turn of the loop."""
        self._post.flush()

    def connected(self, user_id: str) -> bool:
        """Whether that user has a page open."""
        return bool(self._fanout.of(user_id))

    def passing(self) -> bool:
        """Whether something told to many is still on its way to some."""
        return self._fanout.passing()

    def open_links(self) -> list[Link]:
        """The connections that are told things."""
        return [link for link in self._fanout.all() if link.open]

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve while inside; gives the port (a free one for 0)."""
        async with serve(
            self._attend,
            host,
            port,
            process_request=greet,
            compression=None,
            max_size=LARGEST_MESSAGE,
            max_queue=4,
            ping_interval=5,
            ping_timeout=self._dead_after,
            close_timeout=CLOSING,
            server_header=None,
            backlog=2048,
        ) as server:
            beating = asyncio.create_task(self._beat(), name="live heartbeat")
            try:
                yield next(iter(server.sockets)).getsockname()[1]
            finally:
                beating.cancel()
                for timer in self._leaving.values():
                    timer.cancel()

    # --- coming -------------------------------------------------------------------------------------------

    async def _attend(self, connection: ServerConnection) -> None:
        """One connection, from its handshake to its end."""
        link = await self._admit(connection)
        if link is None:
            return
        try:
            async for message in connection:
                self._hear(link, message)
        except ConnectionClosed:
            pass
        finally:
            self._gone(link)

    async def _admit(self, connection: ServerConnection) -> Link | None:
        assert connection.request is not None
        web_port, public_url = await self._pages() if self._pages else self._own_pages
        asked = wish(connection.request, public_url=public_url, web_port=web_port)
        if asked is None:
            return await shut(connection, Close.ORIGIN, "this page does not belong to Switchroom")
        try:
            found = await self._identify(asked)
        except Exception:
            log.warning("a connection could not be authorised", exc_info=True)
            return await shut(connection, TRY_AGAIN, "try again in a moment")
        if found is None:
            return await shut(connection, Close.UNAUTHORISED, "log in first")
        return self._welcome(connection, *found, asked)

    async def _identify(self, asked: Wish) -> tuple[SignedIn, Sequence[dict[str, Any]]] | None:
        """Whose connection it is, and his tasks if a snapshot is due; still true at the moment this returns."""
        revision = self._revision
        signed_in = await self._authorise(asked.credentials)
        while signed_in is not None:
            resumes = self._missed(signed_in.scope, asked) is not None
            tasks = () if resumes else await self.audience.tasks(signed_in.scope)
            if revision == self._revision:
                return signed_in, tasks
            revision = self._revision
            signed_in = await self._recheck(signed_in.session_id)
        return None

    def _missed(self, scope: Scope, asked: Wish) -> list[bytes] | None:
        """What `scope` missed since he was cut off; None where only a snapshot helps."""
        self._post.flush()
        if asked.since is None or asked.epoch != self.epoch or not self._desk.knows(scope):
            return None
        return self._post.missed(asked.since, scope)

    def _welcome(
        self, connection: ServerConnection, signed_in: SignedIn, tasks: Sequence[dict[str, Any]], asked: Wish
    ) -> Link:
        """Hello, then what was missed, or a snapshot. Nothing waits here: nothing can be told in between."""
        scope = signed_in.scope
        resumes = self._missed(scope, asked) is not None
        self._desk.join(scope)
        self._stay(scope.user_id)
        self.audience.arrived(scope)
        link = Link(connection.transport, scope, signed_in.session_id)
        self._connections[link] = connection
        if resumes and asked.since is not None and (missed := self._missed(scope, asked)) is not None:
            self._post.resume(link, self._hello(scope), asked.since, missed)
        else:
            self._post.flush()
            snapshot = self._desk.snapshot
            self._post.open(link, self._hello(scope), lambda: snapshot(scope, datetime.now(UTC), tasks))
        CONNECTIONS.set(len(self._fanout))
        return link

    def _hello(self, scope: Scope) -> dict[str, Any]:
        user = {
            "id": scope.user_id,
            "login": scope.login,
            "name": scope.name,
            "role": scope.role,
            "extension": scope.extension,
            "language": scope.language,
            "time_zone": scope.time_zone,
        }
        return {
            "type": "hello",
            "user": user,
            "server_time": now(),
            "version": self._version,
            "epoch": self.epoch,
            "heartbeat": self._heartbeat,
        }

    def _hear(self, link: Link, message: str | bytes) -> None:
        """What a browser said."""
        try:
            said = parse(message)
        except Junk as junk:
            self._close(link, Close.JUNK, str(junk))
            return
        match said:
            case Shown():
                self.audience.shown(link.scope, said.call, hidden=said.hidden)
            case Subscribe():
                self._post.flush()
                before = link.topics
                self._fanout.subscribe(link, said.topics)
                if present := self._desk.current(before, said.topics, link.scope, datetime.now(UTC)):
                    self._post.say(link, *present)

    # --- leaving ------------------------------------------------------------------------------------------

    def _gone(self, link: Link) -> None:
        link.open = False
        self._connections.pop(link, None)
        if self._fanout.remove(link):
            self.audience.left(link.scope)
            user_id = link.scope.user_id
            self._stay(user_id)
            loop = asyncio.get_running_loop()
            self._leaving[user_id] = loop.call_later(self._linger, self._forget, user_id)
        CONNECTIONS.set(len(self._fanout))

    def _stay(self, user_id: str) -> None:
        if (timer := self._leaving.pop(user_id, None)) is not None:
            timer.cancel()

    def _forget(self, user_id: str) -> None:
        self._leaving.pop(user_id, None)
        self._desk.leave(user_id)

    def _let_go(self, link: Link) -> None:
        self._close(link, Close.TOO_SLOW, "you stopped reading")

    def _close(self, link: Link, code: int, reason: str) -> None:
        """Let a connection go without waiting for it."""
        link.open = False
        if (connection := self._connections.get(link)) is not None:
            task = asyncio.get_running_loop().create_task(shut(connection, code, reason))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def user_changed(self, user_id: str) -> None:
        """Ask again for every open session of that user: ended ones are closed, changed ones start afresh."""
        self._revision += 1
        for link in self._fanout.of(user_id):
            try:
                signed_in = await self._recheck(link.session_id)
            except Exception:
                log.warning("a session could not be checked again", exc_info=True)
                signed_in = None  # in doubt nobody stays
            if signed_in is None:
                self._close(link, Close.UNAUTHORISED, "signed out")
            elif signed_in.scope != link.scope:
                self._desk.leave(user_id)
                self._close(link, RESTART, "your rights changed")
        if not self._fanout.of(user_id):
            self._stay(user_id)
            self._forget(user_id)

    async def _beat(self) -> None:
        """Let every connection hear from us once a heartbeat, a tenth of them at a time; who is told other things
        needs a ping only now and then, for its latency."""
        for turn in cycle(range(PINGS)):
            for part in range(10):
                await asyncio.sleep(self._heartbeat / 10)
                recently = time.monotonic() - self._heartbeat / 2
                for link in self._fanout.all()[part::10]:
                    if link.told_at < recently or not turn:
                        latency = self._connections[link].latency * 1000
                        self._post.say(link, {"type": "ping", "latency_ms": round(latency, 1)})
