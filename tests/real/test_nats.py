"""The bus between processes, against a real NATS server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from domain.calls import Call, Caller, Leg, Party, call_id
from domain.events import CallChanged, News, PbxLost
from domain.problems import Conflict, Unavailable
from switchroom.nats_bus import NatsBus
from switchroom.starting import CannotStart
from tests.nats_server import nats_server
from tests.processes import free_ports

pytestmark = pytest.mark.real
AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RINGING = Call(
    id=call_id("main", "1.1"),
    pbx="main",
    linkedid="1.1",
    direction="inbound",
    caller=Caller(number="+79211234567", name="Ив\ufffdн", name_bytes=b"\xd0\x98\xff"),
    started_at=AT,
    legs=(Leg(extension="101", rang_at=AT),),
    state="ringing",
    parties=(Party(extension="101", state="ringing", since=AT),),
)


@pytest.fixture
async def nats() -> AsyncIterator[str]:
    async with nats_server() as address:
        yield address


async def test_what_one_process_publishes_the_others_hear_in_order_and_unchanged(nats: str) -> None:
    heard: list[News] = []
    complete = asyncio.Event()

    async def listen(news: News) -> None:
        heard.append(news)
        if len(heard) == 3:
            complete.set()

    told: list[News] = [
        CallChanged(at=AT, before=None, after=RINGING, read_at=1.5),
        CallChanged(at=AT, before=RINGING, after=RINGING.with_client("c1"), read_at=1.6),
        PbxLost(at=AT, pbx="main", reason="frozen"),
    ]
    async with AsyncExitStack() as doors:
        pbx = await NatsBus.connect(nats, doors)
        live = await NatsBus.connect(nats, doors)
        live.subscribe("desk", listen, CallChanged, PbxLost)
        tasks = [asyncio.create_task(bus.run()) for bus in (pbx, live)]
        for news in told:
            pbx.publish(news)
        async with asyncio.timeout(5):
            await complete.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert heard == told


async def test_a_request_is_answered_by_the_process_whose_role_it_is(nats: str) -> None:
    dialled: list[str] = []

    async def originate(to: str) -> Call:
        if to == "000":
            raise Conflict("Your phone is off.")
        dialled.append(to)
        return RINGING

    async with AsyncExitStack() as doors:
        pbx = await NatsBus.connect(nats, doors)
        web = await NatsBus.connect(nats, doors)
        await pbx.answer("originate", originate, tuple[str], Call)
        assert await web.ask("originate", tuple[str], Call, "+79211234567") == RINGING
        with pytest.raises(Conflict, match="Your phone is off"):
            await web.ask("originate", tuple[str], Call, "000")
        with pytest.raises(Unavailable) as problem:
            await web.ask("nobody_answers_this", tuple[str], Call, "1")
        assert problem.value.extra == {}, "nobody heard it: it may be asked again"
    assert dialled == ["+79211234567"]


async def test_a_request_that_was_heard_and_not_answered_in_time_may_have_been_done(nats: str) -> None:
    dialled: list[str] = []

    async def originate(to: str) -> Call:
        dialled.append(to)
        await asyncio.sleep(1)
        return RINGING

    async with AsyncExitStack() as doors:
        pbx = await NatsBus.connect(nats, doors)
        web = await NatsBus.connect(nats, doors)
        await pbx.answer("originate", originate, tuple[str], Call)
        with pytest.raises(Unavailable) as problem:
            await web.ask("originate", tuple[str], Call, "102", patience=0.3)
    assert (dialled, problem.value.extra) == (["102"], {"outcome": "unknown"})


async def test_a_server_that_is_not_there_is_not_waited_for_for_ever() -> None:
    [port] = free_ports(1)
    async with AsyncExitStack() as doors:
        with pytest.raises(CannotStart, match=r"\[bus\] nats"):
            await NatsBus.connect(f"nats://127.0.0.1:{port}", doors, patience=0.3)


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, AsyncExitStack() as doors:
        with pytest.raises(CannotStart, match=r"\[bus\] nats"):
            await NatsBus.connect(f"nats://127.0.0.1:{port}", doors, patience=0.3)
