"""The history of calls: kept in the process that hears them first, waited for by whoever reads of a running call."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from crm_store.history import History
from domain.events import CallChanged, CallEnded, CallMerged, News, PbxConnected
from domain.problems import Unavailable
from switchroom.bus import Bus
from switchroom.nats_bus import NatsBus
from telephony.service import Telephony

HEARD = (CallChanged, CallEnded, CallMerged)
READER = "history"
CAUGHT_UP = "history.caught_up"


def caught_up(bus: Bus, history: History | None) -> Callable[[str], Awaitable[None]]:
    """Wait until what was heard of a call is in its row, here or (`history` None) in the process that keeps it."""

    async def here(call_id: str) -> None:
        assert history is not None
        await bus.handled(READER)
        await history.caught_up(call_id)

    async def elsewhere(call_id: str) -> None:
        assert isinstance(bus, NatsBus)
        with suppress(Unavailable):  # nobody hears calls just now: the history is as it is
            await bus.ask(CAUGHT_UP, tuple[str], None, call_id)

    return elsewhere if history is None else here


async def keep(history: History, bus: Bus, switchboard: Telephony, doors: AsyncExitStack) -> None:
    """Store every call where it is heard first: who tells it to others tells what is stored."""
    await doors.enter_async_context(history)

    async def write(news: News) -> None:
        assert isinstance(news, HEARD)
        await history.on(news)

    async def look_back(news: News) -> None:
        assert isinstance(news, PbxConnected)
        await history.close_left_open(news.pbx, [call.id for call in switchboard.calls() if call.pbx == news.pbx])

    bus.subscribe(READER, write, *HEARD)  # never waits: what was told of a call is on its way to the disk at once
    bus.subscribe("left open", look_back, PbxConnected)
    if isinstance(bus, NatsBus):
        await bus.answer(CAUGHT_UP, caught_up(bus, history), tuple[str], None)
