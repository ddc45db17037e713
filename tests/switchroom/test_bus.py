import asyncio
from datetime import UTC, datetime

from domain.events import News, PbxConnected, PbxLost
from switchroom.bus import Bus

AT = datetime(2026, 11, 22, tzinfo=UTC)


def lost(reason: str) -> PbxLost:
    return PbxLost(at=AT, pbx="main", reason=reason)


async def told_while_running(bus: Bus, *news: News) -> None:
    running = asyncio.create_task(bus.run())
    for item in news:
        bus.publish(item)
    await bus.settled()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_reader_hears_what_it_asked_for_in_order() -> None:
    heard: list[News] = []

    async def listen(news: News) -> None:
        await asyncio.sleep(0)
        heard.append(news)

    bus = Bus()
    bus.subscribe("history", listen, PbxLost)
    await told_while_running(bus, lost("1"), PbxConnected(at=AT, pbx="main", version="22"), lost("2"), lost("3"))
    assert heard == [lost("1"), lost("2"), lost("3")]


async def test_a_failing_reader_hurts_only_itself_and_goes_on() -> None:
    heard: list[News] = []
    tried: list[News] = []

    async def fail(news: News) -> None:
        tried.append(news)
        raise RuntimeError

    async def listen(news: News) -> None:
        heard.append(news)

    bus = Bus()
    bus.subscribe("broken", fail, PbxLost)
    bus.subscribe("healthy", listen, PbxLost)
    await told_while_running(bus, lost("1"), lost("2"))
    assert heard == tried == [lost("1"), lost("2")]


async def test_a_slow_reader_does_not_delay_the_others() -> None:
    slow_may_go_on = asyncio.Event()
    heard: list[News] = []

    async def wait(_: News) -> None:
        await slow_may_go_on.wait()

    async def listen(news: News) -> None:
        heard.append(news)
        if len(heard) == 2:
            slow_may_go_on.set()

    bus = Bus()
    bus.subscribe("slow", wait, PbxLost)
    bus.subscribe("quick", listen, PbxLost)
    await told_while_running(bus, lost("1"), lost("2"))
    assert heard == [lost("1"), lost("2")]


async def test_a_reader_that_never_waits_lets_the_others_read_too() -> None:
    order: list[str] = []

    def reader(name: str):  # noqa: ANN202
        async def listen(_: News) -> None:
            order.append(name)

        return listen

    bus = Bus()
    bus.subscribe("busy", reader("busy"), PbxLost)
    bus.subscribe("next", reader("next"), PbxLost)
    await told_while_running(bus, *(lost(str(number)) for number in range(1000)))
    assert order.index("next") < 100


async def test_one_reader_can_be_waited_for_whatever_the_others_do() -> None:
    heard: list[News] = []

    async def stuck(_: News) -> None:
        await asyncio.Event().wait()

    async def listen(news: News) -> None:
        heard.append(news)

    bus = Bus()
    bus.subscribe("stuck", stuck, PbxLost)
    bus.subscribe("history", listen, PbxLost)
    running = asyncio.create_task(bus.run())
    bus.publish(lost("1"))
    await bus.handled("history")
    assert heard == [lost("1")]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
