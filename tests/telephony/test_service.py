"""All PBXs as one, when things go wrong: no link, no answer, refusals; and nothing is ever dialled twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from config.settings import Pbx
from domain.events import CallChanged, CallEnded, News, PbxConnected, PbxLost
from domain.problems import Conflict, Invalid, NotFound, Unavailable
from domain.rights import Scope
from telephony.http import Dialling, Doing, routes
from telephony.service import Telephony
from tests.fakes.asterisk import FakeAsterisk, Heard, fake_asterisk, listing, spoken, success
from tests.telephony.test_ami import CALM, pbx, until

ANNA = Scope(user_id="1", login="anna", name="Анна", role="agent", extension="101")
VERA = Scope(user_id="2", login="vera", name="Вера", role="supervisor", extension="103")
RINGING = (
    spoken(
        Event="Newchannel", Channel="PJSIP/trunk-1", Uniqueid="1.1", Linkedid="1.1", ChannelStateDesc="Ring",
        CallerIDNum="+79211234567", Exten="84951234567", Context="from-trunk", Timestamp="1800000000.0",
    )
    + spoken(
        Event="Newchannel", Channel="PJSIP/101-2", Uniqueid="1.2", Linkedid="1.1", ChannelStateDesc="Down",
        Timestamp="1800000000.1",
    )
    + spoken(
        Event="DialBegin", Channel="PJSIP/trunk-1", Uniqueid="1.1", Linkedid="1.1", DestChannel="PJSIP/101-2",
        DestUniqueid="1.2", DestLinkedid="1.1", Timestamp="1800000000.2",
    )
    + spoken(
        Event="Newstate", Channel="PJSIP/101-2", Uniqueid="1.2", Linkedid="1.1", ChannelStateDesc="Ringing",
        Timestamp="1800000000.3",
    )
)  # fmt: skip


@asynccontextmanager
async def serving(*settings: Pbx, up: bool = True) -> AsyncIterator[tuple[Telephony, list[News]]]:
    news: list[News] = []
    telephony = Telephony(
        settings, country="RU", area_code="495", publish=news.append, names=lambda _: "Анна", timing=CALM
    )
    running = asyncio.create_task(telephony.run())
    try:
        if up:
            await until(lambda: all(link.state == "up" for link in telephony.links()))
        yield telephony, news
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_click_to_call_rings_the_users_phone_and_gives_its_record_at_once() -> None:
    async with fake_asterisk() as asterisk, serving(pbx(asterisk.port)) as (telephony, _):
        call = await telephony.originate(ANNA, "8 (921) 123-45-67")
        [asked] = asterisk.heard_actions("Originate")
        assert (asked["Channel"], asked["Exten"], asked["Context"]) == ("PJSIP/101", "89211234567", "from-internal")
        assert asked["ChannelId"] == call.linkedid
        assert (call.state, call.direction, call.dialed) == ("dialing", "outbound", "+79211234567")
        assert (call.caller.extension, call.caller.name) == ("101", "Анна")


async def test_a_phone_that_cannot_be_rung_ends_the_record_that_was_given() -> None:
    def never(action: Heard) -> bytes:
        return success(action) + spoken(
            Event="OriginateResponse", Response="Failure", Reason="0", Uniqueid=action["ChannelId"], Timestamp="1.0"
        )

    asterisk = FakeAsterisk(answers={"Originate": never})
    async with fake_asterisk(asterisk), serving(pbx(asterisk.port)) as (telephony, news):
        call = await telephony.originate(ANNA, "112")
        await until(lambda: any(isinstance(told, CallEnded) for told in news))
        [over] = [told.call for told in news if isinstance(told, CallEnded)]
        assert (over.id, over.outcome, over.cause) == (call.id, "failed", "agent_no_answer")


@pytest.mark.parametrize("typed", ["", "PJSIP/101", "1\r\nAction: x", "Local/1@x", "1,2"])
async def test_what_is_no_number_never_reaches_the_pbx(typed: str) -> None:
    async with fake_asterisk() as asterisk, serving(pbx(asterisk.port)) as (telephony, _):
        with pytest.raises(Invalid):
            await telephony.originate(ANNA, typed)
        assert asterisk.heard_actions("Originate") == []


async def test_a_call_that_was_never_asked_of_the_pbx_may_be_asked_again() -> None:
    async with serving(pbx(1), up=False) as (telephony, _):
        with pytest.raises(Unavailable) as problem:
            await telephony.originate(ANNA, "102")
        assert problem.value.extra == {}


async def test_a_call_the_pbx_did_not_answer_in_time_may_have_been_made() -> None:
    async with fake_asterisk() as asterisk, serving(pbx(asterisk.port)) as (telephony, _):
        asterisk.answers["Originate"] = lambda _: None
        with pytest.raises(Unavailable) as problem:
            await telephony.originate(ANNA, "102")
        assert problem.value.extra == {"outcome": "unknown"}


async def test_a_call_whose_link_broke_before_the_answer_may_have_been_made_and_is_not_made_again() -> None:
    async with fake_asterisk() as asterisk:
        asterisk.answers["Originate"] = lambda _: None
        async with serving(pbx(asterisk.port)) as (telephony, news):
            asked = asyncio.create_task(telephony.originate(ANNA, "102"))
            await until(lambda: asterisk.heard_actions("Originate"))
            asterisk.hang_up_on_everybody()
            with pytest.raises(Unavailable) as problem:
                await asked
            assert problem.value.extra == {"outcome": "unknown"}
            await until(lambda: sum(isinstance(told, PbxConnected) for told in news) == 2)
            assert any(isinstance(told, PbxLost) for told in news)
            assert len(asterisk.heard_actions("Originate")) == 1


async def test_a_user_acts_on_his_own_calls_only_and_hears_what_the_pbx_says() -> None:
    def refusal(action: Heard) -> bytes:
        return spoken(Response="Error", ActionID=action["ActionID"], Message="No such channel")

    async with fake_asterisk() as asterisk, serving(pbx(asterisk.port)) as (telephony, news):
        asterisk.say(RINGING)
        await until(telephony.calls)
        await until(lambda: telephony.calls()[0].party("101"))
        [call] = telephony.calls()
        assert telephony.actions(call, ANNA) == ("answer", "transfer", "hangup")
        await telephony.act(ANNA, call.id, "answer")
        [notify] = asterisk.heard_actions("PJSIPNotify")
        assert (notify["Channel"], notify["Variable"]) == ("PJSIP/101-2", "Event=talk")
        with pytest.raises(Conflict, match="not talking"):
            await telephony.act(ANNA, call.id, "park")
        with pytest.raises(NotFound):
            await telephony.act(Scope(user_id="9", login="b", name="B", role="agent", extension="102"), call.id, "park")
        asterisk.answers["Hangup"] = refusal
        with pytest.raises(Conflict, match="No such channel"):
            await telephony.act(ANNA, call.id, "hangup")
        await telephony.act(ANNA, call.id, "transfer", to="103")
        [redirect] = asterisk.heard_actions("Redirect")
        assert (redirect["Channel"], redirect["Exten"]) == ("PJSIP/trunk-1", "103")
        assert any(isinstance(told, CallChanged) and told.read_at > 0 for told in news)


async def test_who_asks_before_he_is_quite_connected_asks_no_more_once_he_is_back_with_his_caller() -> None:
    answered = spoken(Event="DialEnd", DestChannel="PJSIP/101-2", DestUniqueid="1.2", DialStatus="ANSWER")
    up = spoken(Event="Newstate", Channel="PJSIP/101-2", Uniqueid="1.2", ChannelStateDesc="Up")
    together = b"".join(
        spoken(
            Event="BridgeEnter", Channel=name, Uniqueid=uniqueid, BridgeUniqueid="b", BridgeTechnology="simple_bridge"
        )
        for name, uniqueid in (("PJSIP/101-2", "1.2"), ("PJSIP/trunk-1", "1.1"))
    )
    async with fake_asterisk() as asterisk, serving(pbx(asterisk.port)) as (telephony, _):
        asterisk.say(RINGING + up + answered)
        await until(lambda: any(call.state == "talking" for call in telephony.calls()))
        [call] = telephony.calls()
        await telephony.act(ANNA, call.id, "transfer", to="103", kind="attended")
        assert "complete" in telephony.actions(telephony.calls()[0], ANNA)
        asterisk.say(together)
        await until(lambda: "complete" not in telephony.actions(telephony.calls()[0], ANNA))


async def test_an_agent_is_paused_by_every_interface_that_rings_him() -> None:
    def members(action: Heard) -> bytes:
        plain = spoken(Event="QueueMember", Queue="a", Location="PJSIP/101", StateInterface="PJSIP/101")
        local = spoken(Event="QueueMember", Queue="b", Location="Local/101@from-queue/n", StateInterface="PJSIP/101")
        other = spoken(Event="QueueMember", Queue="a", Location="PJSIP/102", StateInterface="PJSIP/102")
        return listing(action, plain, local, other)

    asterisk = FakeAsterisk(answers={"QueueStatus": members})
    async with fake_asterisk(asterisk), serving(pbx(asterisk.port)) as (telephony, _):
        await telephony.pause("101", True, "lunch")
        paused = [(asked["Interface"], asked["Paused"]) for asked in asterisk.heard_actions("QueuePause")]
        assert paused == [("PJSIP/101", "true"), ("Local/101@from-queue/n", "true")]


async def test_rest_hides_with_whom_others_talk_and_knows_every_action_of_the_contract() -> None:
    def devices(action: Heard) -> bytes:
        return listing(action, spoken(Event="DeviceStateChange", Device="PJSIP/101", State="NOT_INUSE"))

    asterisk = FakeAsterisk(answers={"DeviceStateList": devices})
    async with fake_asterisk(asterisk), serving(pbx(asterisk.port)) as (telephony, _):
        table = {(route.method, route.path): route for route in routes(telephony)}
        assert set(table) == {
            ("POST", "/calls"),
            ("POST", "/calls/{id}/{action}"),
            ("GET", "/presence"),
            ("GET", "/queues"),
        }
        dial = table["POST", "/calls"]
        assert (dial.status, dial.once) == (202, True)
        answer = await dial.handler(user=ANNA, body=Dialling(to="102"))
        assert (answer["state"], answer["dialed"]) == ("dialing", "102")
        act = table["POST", "/calls/{id}/{action}"].handler
        with pytest.raises(NotFound):
            await act(user=ANNA, id="x", action="explode", body=Doing())
        with pytest.raises(NotFound):
            await act(user=ANNA, id="x", action="hangup", body=Doing())
        asterisk.say(RINGING)
        await until(lambda: any(phone.peer for phone in telephony.presence()))
        seen = await table["GET", "/presence"].handler(user=VERA)
        hidden = await table["GET", "/presence"].handler(
            user=Scope(user_id="9", login="b", name="B", role="agent", extension="102")
        )
        [anna], [anna_hidden] = seen["items"], hidden["items"]
        assert (anna["state"], anna["peer"]) == ("ringing", "+79211234567")
        assert anna_hidden["peer"] is None
