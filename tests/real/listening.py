"""Our own telephony, connected to a real PBX, and everything it told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from config.settings import Pbx
from domain.calls import Call
from domain.events import CallChanged, CallEnded, News, PbxConnected, PbxLost, PresenceChanged
from domain.record import record
from domain.rights import Scope
from telephony.ami import Timing
from telephony.service import Telephony
from tests.real.asterisk import Asterisk

PROMPT = Timing(retry_first=0.05, retry_last=0.2)


class Listening:
    """What was told so far, and waiting for what must be told next."""

    def __init__(self, pbx: Pbx) -> None:
        self.news: list[News] = []
        self._told = asyncio.Condition()
        self._waking: set[asyncio.Task[None]] = set()
        self.telephony = Telephony(
            [pbx], country="RU", area_code="495", publish=self._publish, names=lambda extension: "", timing=PROMPT
        )

    def _publish(self, news: News) -> None:
        self.news.append(news)
        task = asyncio.get_running_loop().create_task(self._wake())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _wake(self) -> None:
        async with self._told:
            self._told.notify_all()

    async def until(self, what: str, true: Callable[[], bool], patience: float = 20.0) -> None:
        """Wait until `true()`; an AssertionError that says `what` was awaited otherwise."""
        try:
            async with asyncio.timeout(patience), self._told:
                await self._told.wait_for(true)
        except TimeoutError:
            calls = [(call.caller.number, call.dialed, call.state, call.parties) for call in self.telephony.calls()]
            raise AssertionError(f"never told: {what}; live now: {calls}, ended: {len(self.ended())}") from None

    async def connected(self, times: int = 1) -> None:
        """Wait until the link came up for the `times`th time."""
        await self.until("connected", lambda: self.count(PbxConnected) >= times)

    async def lost(self) -> None:
        """Wait until the link was lost."""
        await self.until("lost", lambda: self.count(PbxLost) > 0)

    def count(self, kind: type[News]) -> int:
        """How many facts of a kind were told."""
        return sum(isinstance(news, kind) for news in self.news)

    async def records(self, count: int) -> list[dict[str, Any]]:
        """The records of the calls that ended, oldest first, when there are `count` and none is live."""
        await self.until(f"{count} ended calls", lambda: len(self.ended()) >= count and not self.telephony.calls())
        return [record(call) for call in self.ended()]

    def ended(self) -> list[Call]:
        """The calls that ended, oldest first, as last told."""
        calls = {news.call.id: news.call for news in self.news if isinstance(news, CallEnded)}
        return sorted(calls.values(), key=lambda call: str(call.started_at))

    async def live(self, extension: str, state: str) -> Call:
        """The live call in which `extension` is in `state`, when there is one."""

        def found() -> Call | None:
            for call in self.telephony.calls():
                party = call.party(extension)
                if party is not None and party.state == state:
                    return call
            return None

        await self.until(f"{extension} {state}", lambda: found() is not None)
        call = found()
        assert call is not None
        return call

    def states(self, extension: str, since: int = 0) -> list[str]:
        """The presence states of an extension, in the order they were told from the `since`th fact on."""
        told = [news.after for news in self.news[since:] if isinstance(news, PresenceChanged)]
        return [presence.state for presence in told if presence.extension == extension]

    async def shows(self, extension: str, state: str) -> None:
        """Wait until the last presence of `extension` is `state`."""
        await self.until(f"{extension} is {state}", lambda: self.presence(extension) == state)

    def presence(self, extension: str) -> str | None:
        """The state of an extension now."""
        phones = {phone.extension: phone.state for phone in self.telephony.presence()}
        return phones.get(extension)

    def changes(self, call: Call) -> list[CallChanged]:
        """All that was told of one call."""
        return [news for news in self.news if isinstance(news, CallChanged) and news.after.id == call.id]


def agent(extension: str) -> Scope:
    """A user who sits at `extension`."""
    return Scope(user_id=extension, login=extension, name=extension, role="agent", extension=extension)


def settings_of(pbx: Asterisk) -> Pbx:
    """The `[[pbx]]` section with which Switchroom connects to a test's Asterisk."""
    technology = pbx.technology
    return Pbx(
        name="main",
        host=pbx.host,
        port=pbx.port,
        username=pbx.username,
        secret=SecretStr(pbx.secret),
        trunks=(f"{technology}/trunk*", f"{technology}/provider*"),
        phone=f"{technology}/{{extension}}",
        extensions={f"{technology}/106-softphone": "106", f"{technology}/150010001": "201"},
    )


@asynccontextmanager
async def listening(pbx: Asterisk) -> AsyncIterator[Listening]:
    """Our telephony, connected to `pbx` as long as the block lasts."""
    told = Listening(settings_of(pbx))
    running = asyncio.create_task(told.telephony.run())
    try:
        await told.connected()
        yield told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
