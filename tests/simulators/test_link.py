"""The very link that talks to a real PBX talks to the simulator: calls are seen and acted on over a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from config.settings import Pbx
from domain.calls import Call
from domain.events import CallChanged, CallEnded, News, PbxConnected
from domain.rights import Scope
from switchroom.simulators.pbx import SimulatedPbx
from telephony.service import Telephony

AGENT = Scope(user_id="1", login="anna", name="Анна", role="agent", extension="101")


@dataclass
class Desk:
    """An agent's view of the telephony: news as they come."""

    telephony: Telephony
    news: list[News] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, news: News) -> None:
        self.news.append(news)
        self.came.set()

    async def until(self, wanted: Callable[[News], bool]) -> News:
        """The first news, from now or before, that is `wanted`."""
        async with asyncio.timeout(10):
            while True:
                for news in self.news:
                    if wanted(news):
                        return news
                self.came.clear()
                await self.came.wait()

    async def mine(self, state: str) -> Call:
        """The call in which 101 is in `state`, as it is told."""
        del self.news[: next((at for at, news in enumerate(self.news) if _is(news, state)), 0)]
        news = await self.until(lambda news: _is(news, state))
        assert isinstance(news, CallChanged)
        self.news.clear()
        return news.after


def _is(news: News, state: str) -> bool:
    party = news.after.party("101") if isinstance(news, CallChanged) else None
    return party is not None and party.state == state


@asynccontextmanager
async def connected(pbx: SimulatedPbx) -> AsyncIterator[Desk]:
    async with pbx.serve() as (host, port):
        settings = Pbx(
            name="main",
            host=host,
            port=port,
            username="switchroom",
            secret="switchroom",
            trunks=("PJSIP/provider*",),
            context="from-internal",
        )
        heard: list[Callable[[News], None]] = []
        telephony = Telephony(
            [settings], country="RU", area_code="495", publish=lambda news: heard[0](news), names=lambda _: ""
        )
        desk = Desk(telephony)
        heard.append(desk.hear)
        running = asyncio.create_task(telephony.run())
        try:
            await desk.until(lambda news: isinstance(news, PbxConnected))
            yield desk
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def test_an_agent_answers_holds_resumes_and_hangs_up_from_the_desk() -> None:
    pbx = SimulatedPbx()
    async with connected(pbx) as desk:
        pbx.incoming("+79211234567", "101", "Иван Петров")
        call = await desk.mine("ringing")
        assert (call.caller.number, call.caller.name) == ("+79211234567", "Иван Петров")
        await desk.telephony.act(AGENT, call.id, "answer")
        await desk.mine("talking")
        await desk.telephony.act(AGENT, call.id, "hold")
        await desk.mine("held")
        await desk.telephony.act(AGENT, call.id, "resume")
        await desk.mine("talking")
        await desk.telephony.act(AGENT, call.id, "hangup")
        ended = await desk.until(lambda news: isinstance(news, CallEnded))
        assert isinstance(ended, CallEnded)
        assert (ended.call.outcome, ended.call.owner) == ("answered", "101")


async def test_a_click_rings_the_agent_and_then_the_customer() -> None:
    pbx = SimulatedPbx(speed=20.0)
    pbx.outside.habits.answers_after = 3.0
    pbx.outside.habits.hangs_up_after = 10.0
    async with connected(pbx) as desk:
        await desk.telephony.originate(AGENT, "+7 921 123-45-67")
        ended = await desk.until(lambda news: isinstance(news, CallEnded))
        assert isinstance(ended, CallEnded)
        assert (ended.call.direction, ended.call.dialed) == ("outbound", "+79211234567")
        assert (ended.call.outcome, ended.call.ended_by) == ("answered", "callee")


async def test_a_call_that_is_up_is_known_after_the_link_was_cut() -> None:
    pbx = SimulatedPbx()
    pbx.incoming("+79211234567").answer("101")
    async with connected(pbx) as desk:
        [call] = desk.telephony.calls()
        pbx.drop_links()
        desk.news.clear()
        await desk.until(lambda news: isinstance(news, PbxConnected))
        assert [again.id for again in desk.telephony.calls()] == [call.id]


async def test_three_people_talk_when_a_consultation_becomes_a_conference() -> None:
    pbx = SimulatedPbx()
    async with connected(pbx) as desk:
        customer = pbx.incoming("+79211234567")
        call = await desk.mine("ringing")
        await desk.telephony.act(AGENT, call.id, "answer")
        await desk.mine("talking")
        await desk.telephony.act(AGENT, call.id, "transfer", to="103", kind="attended")
        pbx.phone("103").answer()
        await desk.telephony.act(AGENT, call.id, "conference")
        assert customer.channel.bridge is not None
        assert len(customer.channel.bridge.members) == 3
        pbx.phone("101").hang_up()
        assert customer.talking == ("PJSIP/provider", "PJSIP/103")
