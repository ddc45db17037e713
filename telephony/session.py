"""One connection to one Asterisk: panoramisk's session with its holes closed.

What panoramisk 1.4 does and this does not: decode each read by itself, hand events over in no order, let
a handler's exception end the link, keep an endless message, wait for ever for a frozen peer, replay
unanswered actions after a reconnect, say nothing of a refused log-in, let a line break into an action.
Its `Manager` logs in and keeps the pings going; the protocol and the dispatch are ours (docs/benchmarks.md).
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from panoramisk.actions import Action as PanoramiskAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from prometheus_client import Counter

from telephony.actions import Action, wire
from telephony.request import Request
from telephony.stream import AmiStream, Message

log = structlog.get_logger(__name__)

MESSAGES = Counter("switchroom_ami_messages", "AMI messages handed over", ["pbx"])
BYTES = Counter("switchroom_ami_bytes", "Bytes read from AMI", ["pbx"])
HANDLER_FAULTS = Counter("switchroom_ami_handler_faults", "Messages whose handler failed", ["pbx"])
DROPPED = Counter("switchroom_ami_dropped", "Messages dropped: endless, or not AMI at all", ["pbx", "why"])
SKIPPED = Counter("switchroom_ami_skipped", "Events skipped unread, as nobody needs them", ["pbx"])

OUR_ACTIONS = "action/" + PanoramiskAction.action_id_generator.uid
"""How panoramisk begins the ActionIDs of this process."""

Hear = Callable[[Message, float], None]


class LinkDown(ConnectionError):  # noqa: N818 - a state, not a mistake
    """The connection is gone, or was never there: nothing was or will be done about the action."""


class AnswerLost(LinkDown):
    """The connection went after the action was sent and before its answer: it may have been done."""


class Refused(Exception):  # noqa: N818 - what Asterisk said
    """Asterisk does not let us in: wrong user name or secret, or an address that is not permitted."""


class Protocol(AMIProtocol):
    """Bytes to messages and actions to bytes, inside panoramisk's session."""

    transport: asyncio.Transport

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.stream = AmiStream(session.wanted, answers=OUR_ACTIONS)
        self.heard_at = time.monotonic()
        self._reported = (0, 0)
        self._skipped, self._strange = 0, False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.factory = self.session
        _notice_dead_peers(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        self.heard_at = read_at = time.monotonic()
        self.session.read(data)
        messages = self.stream.receive(data)
        for message in messages:
            if self.responses and (answered := message.get("ActionID")) is not None and answered in self.responses:
                self._answer(answered, message)
            self.session.hear(message, read_at)
        self.session.count(len(data), len(messages))
        if self._reported != (dropped := (self.stream.oversize, self.stream.garbage)):
            self._report(dropped)

    def _answer(self, action_id: str, message: Message) -> None:
        if self.responses[action_id].add_message(message):
            del self.responses[action_id]

    def _report(self, dropped: tuple[int, int]) -> None:
        """Said once a connection, counted always."""
        if self._reported == (0, 0):
            log.warning("what is not AMI, or has no end, was dropped", pbx=self.session.name)
        for why, before, now in zip(("endless", "garbage"), self._reported, dropped, strict=True):
            DROPPED.labels(self.session.name, why).inc(now - before)
        self._reported = dropped

    def report_skipped(self) -> None:
        """Keep the count of skipped events; more kinds than any Asterisk has are worth a line, once a connection."""
        kinds = self.stream.skipped
        SKIPPED.labels(self.session.name).inc(sum(kinds.values()) - self._skipped)
        self._skipped = sum(kinds.values())
        if "" in kinds and not self._strange:
            self._strange = True
            log.warning("the PBX tells events of very many unknown kinds", pbx=self.session.name, kinds=len(kinds))

    def send(self, data: Any, as_list: Any = None) -> asyncio.Future[list[Message]]:
        """Write one action now or never; raises NotSendable before a byte is written, LinkDown when closed."""
        if self.closed or self.transport.is_closing():
            raise LinkDown("the link to the PBX is down")
        request = Request(data)
        written = wire(cast("Action", dict(request.items())))
        self.responses[request.id] = request
        self.transport.write(written)
        return request.future

    def forget(self, future: asyncio.Future[list[Message]]) -> None:
        """Nobody waits for this answer any more."""
        for action_id in [key for key, request in self.responses.items() if request.future is future]:
            del self.responses[action_id]

    def close(self) -> None:
        """End the connection; whoever waits for an answer is told, and nothing is kept to be sent again."""
        waiting, self.responses = list(self.responses.values()), {}
        for request in waiting:
            if not request.future.done():
                request.future.set_exception(AnswerLost("the link to the PBX was lost before it answered"))
                request.future.exception()
        self.report_skipped()
        if not self.closed:
            self.closed = True
            self.transport.abort()


def _notice_dead_peers(connection: socket.socket | None) -> None:
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 2),
        ("TCP_KEEPINTVL", 1),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 5000),
    ):
        if (number := getattr(socket, option, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, number, value)


class Session(Manager):
    """One log-in to one Asterisk, from connect to the end; a new one is made for the next try.

    `hear` gets every wanted message in the order it came, and the monotonic second of its read. `gone`
    tells, once, why the connection ended.
    """

    loop: asyncio.AbstractEventLoop
    protocol: Protocol | None  # pyright: ignore[reportIncompatibleVariableOverride]
    authenticated_future: asyncio.Future[list[Message]]
    pinger: asyncio.TimerHandle | None

    def __init__(
        self,
        *,
        name: str,
        host: str,
        port: int,
        username: str,
        secret: str,
        hear: Hear,
        wanted: frozenset[str] | None,
        ping_every: float = 3.0,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        self.name, self.wanted, self._hear, self._tap = name, wanted, hear, tap
        self._address = (host, port)
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.clock_offset: float | None = None
        self._ping_every, self._unanswered = ping_every, 0
        self._best_trip = float("inf")
        self._bytes, self._messages = BYTES.labels(name), MESSAGES.labels(name)
        self._faults = HANDLER_FAULTS.labels(name)
        super().__init__(
            loop=asyncio.get_running_loop(),
            host=host,
            port=port,
            username=username,
            secret=secret,
            log=logging.getLogger("panoramisk"),
            protocol_factory=Protocol,
        )

    async def open(self, *, patience: float = 5.0) -> None:
        """Connect and log in; raises OSError, TimeoutError, LinkDown, or Refused with Asterisk's words."""
        create = self.loop.create_connection(lambda: Protocol(self), *self._address)
        connecting = self.loop.create_task(create)
        async with asyncio.timeout(patience):
            await connecting
            self.connection_made(connecting)
            [answer, *_] = await self.authenticated_future
        if answer.get("Response") != "Success":
            raise Refused(answer.get("Message", "") or "log-in refused")

    async def ask(self, action: Action, *, patience: float = 5.0) -> list[Message]:
        """Send `action` once and wait for its whole answer: the response first, then a list's events.

        Raises NotSendable, LinkDown, AnswerLost, or TimeoutError; a refusal by Asterisk is an answer.
        """
        if self.protocol is None:
            raise LinkDown("the link to the PBX is down")
        answer = self.protocol.send(action)
        try:
            return await asyncio.wait_for(answer, patience)
        finally:
            if self.protocol is not None:
                self.protocol.forget(answer)

    def login(self, future: asyncio.Future[list[Message]]) -> bool:
        """Begin to ping once we are in (`open` waits for the same answer and tells how it went)."""
        self.pinger = self._cancelled_pinger()
        if future.cancelled() or future.exception():
            return False
        self.authenticated = future.result()[0].get("Response") == "Success"
        if self.authenticated:
            self.ping()
        return self.authenticated

    def ping(self) -> None:
        """Ask for a sign of life, and let the connection go when two questions in a row went unanswered."""
        assert self.protocol is not None
        if self._unanswered >= 2 and time.monotonic() - self.protocol.heard_at > self._ping_every:
            self.lose("the PBX does not answer")
            return
        self.protocol.report_skipped()
        self._unanswered += 1
        self.pinger = self.loop.call_later(self._ping_every, self.ping)
        sent = time.time()
        self.protocol.send({"Action": "Ping"}).add_done_callback(lambda answer: self._pong(sent, answer))

    def _pong(self, sent: float, answer: asyncio.Future[list[Message]]) -> None:
        if answer.cancelled() or answer.exception():
            return
        self._unanswered = 0
        try:
            at = float(answer.result()[0].get("Timestamp", ""))
        except ValueError:
            return
        trip = time.time() - sent
        if trip <= self._best_trip * 1.5:
            self._best_trip = min(trip, self._best_trip)
            self.clock_offset = at - (sent + trip / 2)

    def read(self, data: bytes) -> None:
        """The bytes as they came, for who records them."""
        if self._tap is not None:
            self._tap(data)

    def hear(self, message: Message, read_at: float) -> None:
        """Hand one message over; a handler that fails loses this message and nothing else."""
        try:
            self._hear(message, read_at)
        except Exception:
            self._faults.inc()
            log.exception("a message's handler failed", pbx=self.name, event_name=message.get("Event"))

    def count(self, size: int, messages: int) -> None:
        """Keep the figures of one read."""
        self._bytes.inc(size)
        self._messages.inc(messages)

    def lose(self, reason: str) -> None:
        """End the connection for a reason of ours."""
        if not self.gone.done():
            self.gone.set_result(reason)
        self.close()

    def close(self) -> None:
        """End the connection; harmless when it has ended."""
        self.pinger = self._cancelled_pinger()
        if self.protocol is not None:
            self.protocol.close()

    def connection_lost(self, exc: object) -> None:
        """The other side ended it: the link decides whether and when to come back, not panoramisk."""
        self.pinger = self._cancelled_pinger()
        self._connected = False
        if not self.gone.done():
            self.gone.set_result(f"the connection broke: {exc}" if exc else "the PBX closed the connection")

    def _cancelled_pinger(self) -> None:
        if self.pinger is not None:
            self.pinger.cancel()
