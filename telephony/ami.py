"""The link to one PBX: supervised, resynchronised after every connect, never silent about what is wrong.

Connect → log in → `FullyBooted` (or two seconds) → ask how things stand → live; when it breaks, come back
after 0.1 to 5 seconds with jitter. Actions are sent on the connection that is up or not at all.
"""

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import structlog
from prometheus_client import Counter, Gauge

from config.settings import Pbx
from telephony.actions import RESYNC, Action
from telephony.session import LinkDown, Refused, Session
from telephony.stream import Message

log = structlog.get_logger(__name__)

CONNECTIONS = Counter("switchroom_ami_connections", "Log-ins that succeeded", ["pbx"])
LOSSES = Counter("switchroom_ami_losses", "Connections that ended or could not be made", ["pbx"])
REFUSALS = Counter("switchroom_ami_refusals", "Log-ins the PBX refused", ["pbx"])
UP = Gauge("switchroom_ami_up", "1 while the link is up and its state is known", ["pbx"])
CLOCK = Gauge("switchroom_ami_clock_offset_seconds", "The PBX's clock minus ours", ["pbx"])

LinkState = Literal["connecting", "syncing", "up", "lost", "refused"]

HEARD_BY_LINK = frozenset({"FullyBooted", "Shutdown", "OriginateResponse"})
FLOODS = ("Newexten", "VarSet", "RTCPSent", "RTCPReceived", "TestEvent", "CEL", "Cdr", "ChallengeSent")
"""What we ask Asterisk itself to leave out, where it lets us: nothing of ours depends on any of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """How the link to one PBX stands. `clock_offset`: the PBX's clock minus ours, in seconds."""

    pbx: str
    state: LinkState = "connecting"
    since: datetime
    reason: str | None = None
    version: str = ""
    clock_offset: float | None = None
    commands: frozenset[str] | None = None
    """The AMI actions this PBX lets us use; None: it does not say."""
    denied: tuple[str, ...] = ()
    """What the PBX did not want to tell during the resync: rights that are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient the link is, in seconds."""

    connect: float = 5.0
    answer: float = 5.0
    listing: float = 30.0
    boot: float = 2.0
    ping: float = 3.0
    retry_first: float = 0.1
    retry_last: float = 5.0
    refused: tuple[float, ...] = (30.0, 300.0)
    """Waits after refused log-ins; after the last one the link stays down until told to `retry`: brute-force
    guards ban an address after a few."""


class Listener(Protocol):
    """Who is told what the link reads; called in order, never awaited."""

    def hear(self, message: Message, read_at: float) -> None:
        """One wanted message; `read_at`: the monotonic second of its read."""

    def resync_began(self) -> None:
        """The answers to `telephony.actions.RESYNC` come next, mixed with live events."""

    def resync_ended(self, at: datetime, version: str) -> None:
        """How things stand is known; `at` is the PBX's time, `version` e.g. "22.10.1"."""

    def lost(self, at: datetime, reason: str) -> None:
        """The connection is gone; told once for every one on which anything was heard."""

    def away(self, at: datetime, reason: str) -> None:
        """The PBX was not reached, or refused the log-in: told once for every new reason."""


def retries(timing: Timing, chance: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds to wait before each next try: doubling, never more than the last, half of it by chance."""
    delay = timing.retry_first
    while True:
        yield delay * (0.5 + chance() / 2)
        delay = min(delay * 2, timing.retry_last)


class AmiLink:
    """The one connection to a PBX, kept up by `run`."""

    def __init__(
        self, pbx: Pbx, listener: Listener, *, wanted: frozenset[str] | None, timing: Timing | None = None
    ) -> None:
        self.pbx, self._listener, self._timing = pbx, listener, timing or Timing()
        self._wanted = None if wanted is None else wanted | HEARD_BY_LINK
        self._session: Session | None = None
        self._booted = asyncio.Event()
        self._retry = asyncio.Event()
        self._told = False
        self._shutdown = False
        self._status = LinkStatus(pbx=pbx.name, since=datetime.now(UTC))

    @property
    def status(self) -> LinkStatus:
        """How the link stands now."""
        offset = self._session.clock_offset if self._session else self._status.clock_offset
        if offset != self._status.clock_offset:
            self._status = replace(self._status, clock_offset=offset)
        return self._status

    def now(self) -> datetime:
        """The time on the PBX's clock, as well as we know it."""
        return datetime.now(UTC) + timedelta(seconds=self.status.clock_offset or 0.0)

    def retry(self) -> None:
        """Try a refused log-in once more, now: somebody has mended the PBX's configuration."""
        self._retry.set()

    async def ask(self, action: Action, *, patience: float | None = None) -> list[Message]:
        """Send one action on the connection that is up, and wait for its whole answer.

        Raises LinkDown (nothing was sent), AnswerLost or TimeoutError (its outcome is unknown), NotSendable.
        """
        if self._session is None or not self._session.authenticated:
            raise LinkDown("the link to the PBX is down")
        return await self._session.ask(action, patience=patience or self._timing.answer)

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        waits, refusals = retries(self._timing), 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                reason = await self._connection()
            except Refused as refusal:
                await self._wait_refused(refusal, refusals)
                refusals += 1
                continue
            refusals = 0
            self._tell_lost(reason)
            if asyncio.get_running_loop().time() - began > self._timing.retry_last:
                waits = retries(self._timing)
            await asyncio.sleep(next(waits))

    async def _connection(self) -> str:
        """One connection from beginning to end; returns why it ended, raises Refused."""
        self._booted.clear()
        self._shutdown = False
        session = self._session = self._new_session()
        try:
            self._become("connecting", self._status.reason)
            await session.open(patience=self._timing.connect)
            CONNECTIONS.labels(self.pbx.name).inc()
            await self._synchronise(session)
            reason = await session.gone
        except (OSError, TimeoutError) as fault:
            reason = session.gone.result() if session.gone.done() else _in_words(fault)
        finally:
            self._status = self.status
            session.close()
            self._session = None
            UP.labels(self.pbx.name).set(0)
        return "the PBX shut down" if self._shutdown else reason

    def _new_session(self) -> Session:
        return Session(
            name=self.pbx.name,
            host=self.pbx.host,
            port=self.pbx.port,
            username=self.pbx.username,
            secret=self.pbx.secret.get_secret_value(),
            hear=self._hear,
            wanted=self._wanted,
            ping_every=self._timing.ping,
        )

    def _hear(self, message: Message, read_at: float) -> None:
        self._told = self._told or "Event" in message  # what is heard once has to be doubted when the link breaks
        match message.get("Event"):
            case "FullyBooted":
                self._booted.set()
            case "Shutdown":
                self._shutdown = True
            case _:
                pass
        self._listener.hear(message, read_at)

    async def _synchronise(self, session: Session) -> None:
        """Snapshot, then stream: the answers travel the same road as the events they are mixed with."""
        self._become("syncing", None)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.boot):
                await self._booted.wait()
        await self._learn_commands(session)
        await self._leave_out_floods(session)
        self._told = True
        self._listener.resync_began()
        denied = [name for name in RESYNC if not await self._list(session, name)]
        self._listener.resync_ended(self.now(), self._status.version)
        self._become("up", None)
        self._status = replace(self._status, denied=tuple(denied))
        UP.labels(self.pbx.name).set(1)
        CLOCK.labels(self.pbx.name).set(session.clock_offset or 0.0)
        log.info("the PBX is connected", pbx=self.pbx.name, version=self._status.version, denied=denied)

    async def _list(self, session: Session, name: str) -> bool:
        """Ask for one list; False where the PBX does not let us. A module that is not loaded is no fault."""
        [answer, *_] = await session.ask({"Action": name}, patience=self._timing.listing)
        if "AsteriskVersion" in answer:
            self._status = replace(self._status, version=asterisk_version(answer["AsteriskVersion"]))
        return "permission" not in answer.get("Message", "").lower()

    async def _learn_commands(self, session: Session) -> None:
        [answer, *_] = await session.ask({"Action": "ListCommands"}, patience=self._timing.answer)
        commands = frozenset(name for name, synopsis in answer.items() if "(Priv:" in synopsis)
        self._status = replace(self._status, commands=commands or None)

    async def _leave_out_floods(self, session: Session) -> None:
        """Ask for less; needs the write class `system`, and is only a favour to the PBX and the network."""
        floods = "|".join(FLOODS)
        await session.ask(
            {"Action": "Filter", "Operation": "Add", "Filter": f"!Event: ({floods})"}, patience=self._timing.answer
        )

    async def _wait_refused(self, refusal: Refused, refusals: int) -> None:
        """Loud, and patient: a secret does not become right by being tried again."""
        REFUSALS.labels(self.pbx.name).inc()
        left = self._timing.refused[refusals : refusals + 1]
        log.error(
            "the PBX refused the log-in: run `switchroom doctor`",
            pbx=self.pbx.name,
            said=str(refusal),
            next_try_in_seconds=left[0] if left else None,
        )
        self._tell_away(str(refusal))
        self._become("refused", str(refusal))
        self._retry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(left[0] if left else None):
                await self._retry.wait()

    def _tell_lost(self, reason: str) -> None:
        LOSSES.labels(self.pbx.name).inc()
        if self._status.state in ("syncing", "up") or self._status.reason != reason:
            log.warning("the PBX is not connected", pbx=self.pbx.name, reason=reason)
        if not self._told:
            self._tell_away(reason)
        self._become("lost", reason)
        if self._told:
            self._told = False
            self._listener.lost(self.now(), reason)

    def _tell_away(self, reason: str) -> None:
        if self._status.reason != reason:
            self._listener.away(self.now(), reason)

    def _become(self, state: LinkState, reason: str | None) -> None:
        self._status = replace(self._status, state=state, reason=reason, since=datetime.now(UTC))


def asterisk_version(told: str) -> str:
    """The number in what an Asterisk calls its version: "22.10.1+dfsg…" and "certified/18.9-cert1" alike."""
    found = re.search(r"\d+(\.\d+)*", told)
    return found[0] if found else ""


def _in_words(fault: BaseException) -> str:
    match fault:
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "nothing listens at that address and port"
        case _:
            return str(fault) or type(fault).__name__
