"""A real Asterisk 22 and 16, SIP phones, our own telephony: what people do is what the record says."""

import signal

import pytest

from domain.events import CallEnded
from tests.real.asterisk import Asterisk
from tests.real.judging import differences
from tests.real.listening import Listening, agent, listening
from tests.real.stage import IVAN, STORIES, Play, Stage, moment, talk
from tests.real.stories import consultations, conversations, groups, plain, queues, transfers
from tests.real.stories.transfers import MOBILE, conversation, taken

pytestmark = pytest.mark.real

TOLD = [
    plain.inbound_caller_hangs_up,
    plain.inbound_agent_declines,
    plain.inbound_caller_gives_up,
    plain.inbound_agent_busy,
    plain.inbound_utf8_name,
    plain.outbound_answered,
    plain.outbound_busy,
    plain.two_calls_at_once,
    queues.queue_abandoned_while_ringing,
    queues.queue_second_answers,
    queues.queue_of_local_members,
    groups.ring_group_second_answers,
    groups.group_pickup,
    groups.forwarded_to_extension,
    transfers.blind_refer,
    transfers.blind_refer_busy,
    consultations.attended_refer,
    consultations.attended_refer_while_ringing,
    consultations.consultation_then_back,
    conversations.hold_by_the_agent,
    conversations.park_by_feature_code,
]


@pytest.mark.parametrize("play", TOLD, ids=lambda play: play.__name__)
async def test_what_people_did_is_what_the_record_says(play: Play, stage: Stage, told: Listening) -> None:
    story = STORIES[play.__name__]
    await play(stage)
    assert differences(await told.records(len(story.records)), story.records) == []


async def test_presence_follows_the_phone(stage: Stage, told: Listening) -> None:
    await told.shows("101", "idle")
    begin = len(told.news)
    caller, ringing = await stage.outside("67"), await (await stage.phone("101")).rings()
    await told.shows("101", "ringing")
    await ringing.answer()
    await talk(caller, seconds=0)
    await told.shows("101", "talking")
    await ringing.hold()
    await told.shows("101", "hold")
    await ringing.resume()
    await told.shows("101", "talking")
    await caller.hang_up()
    await told.shows("101", "idle")
    assert told.states("101", since=begin) == ["ringing", "talking", "hold", "talking", "idle"]


async def test_do_not_disturb_is_shown_and_the_caller_hears_busy(stage: Stage, told: Listening) -> None:
    quiet, other = await stage.phones("104", "101")
    await (await quiet.call("*78")).ended()
    await told.shows("104", "dnd")
    call = await other.call("104")
    assert (await call.ended()).status == 486
    await (await quiet.call("*79")).ended()
    await told.shows("104", "idle")


async def test_a_phone_that_is_switched_off_is_unavailable(pbx: Asterisk, told: Listening) -> None:
    phone = await pbx.phone("105")
    await told.shows("105", "idle")
    await phone.register(0)
    await told.shows("105", "unavailable")
    await phone.register()
    await told.shows("105", "idle")


async def test_a_click_rings_the_own_phone_then_the_number(stage: Stage, told: Listening) -> None:
    begun = await told.telephony.originate(agent("101"), MOBILE)
    own = await taken(stage, "101")
    mobile = await stage.away(MOBILE)
    await told.until("dialling", lambda: bool(told.changes(begun)))
    await mobile.answer()
    await told.live("101", "talking")
    await moment(0.5)
    await mobile.hang_up()
    await own.ended()
    [record] = await told.records(1)
    assert record["id"] == begun.id
    expected = {**conversations.CLICK, "outcome": "answered", "answered_by": [], "owner": "101", "ended_by": "callee"}
    assert differences([record], [expected]) == []


async def test_a_click_whose_own_phone_declines_failed(stage: Stage, told: Listening) -> None:
    await told.telephony.originate(agent("101"), MOBILE)
    await (await (await stage.phone("101")).rings()).reject(603)
    expected = {**conversations.CLICK, "outcome": "failed", "cause": "agent_no_answer", "legs": []}
    assert differences(await told.records(1), [expected]) == []


async def test_a_click_on_a_busy_number_is_busy(stage: Stage, told: Listening) -> None:
    await told.telephony.originate(agent("101"), MOBILE)
    own = await taken(stage, "101")
    await (await stage.away(MOBILE)).reject(486)
    await own.ended()
    expected = {**conversations.CLICK, "outcome": "busy", "legs": [[None, "busy"]], "owner": None}
    assert differences(await told.records(1), [expected]) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_restart_in_mid_call_leaves_one_closed_record_and_nothing_stuck(
    pbx: Asterisk, stage: Stage, told: Listening, how: signal.Signals
) -> None:
    await conversation(stage)
    await told.live("101", "talking")
    await pbx.again(how)
    await told.connected(times=2)
    [record] = await told.records(1)
    killed = {"complete": how is signal.SIGTERM}  # which says nothing: that it restarted shows when it is back
    assert differences([record], [{**transfers.KEPT, "ended_by": "restart", **killed}]) == []
    await told.shows("101", "idle")
    caller = await stage.outside("67")
    await taken(stage, "101")
    await talk(caller)
    await told.live("101", "talking")
    await caller.hang_up()
    assert [each["outcome"] for each in await told.records(2)] == ["answered", "answered"]


async def test_connecting_while_calls_are_up_tells_them_and_their_end(pbx: Asterisk, stage: Stage) -> None:
    talking, own = await conversation(stage)
    waiting, ringing = await stage.outside("69", "+79030000002", "Maria"), await (await stage.phone("102")).rings()
    async with listening(pbx) as told:
        assert (await told.live("101", "talking")).caller.number == IVAN
        assert (await told.live("102", "ringing")).caller.number == "+79030000002"
        assert told.presence("102") == "ringing"
        await ringing.answer()
        await waiting.answered()
        await told.live("102", "talking")
        await talking.hang_up()
        await waiting.hang_up()
        await own.ended()
        records = await told.records(2)
        assert {record["owner"] for record in records} == {"101", "102"}
        assert told.count(CallEnded) == 2
        await told.shows("101", "idle")
