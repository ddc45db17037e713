"""What users do with calls on the screen, on a real Asterisk with phones that obey NOTIFY talk and hold."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from domain.calls import Call, CallState
from domain.events import CallEnded, News
from domain.problems import Conflict, NotFound
from domain.rights import Scope
from telephony.ami import FLOODS
from telephony.service import Telephony
from tests.real.asterisk import Asterisk
from tests.real.conversation import Call as SipCall
from tests.real.listening import settings_of
from tests.real.phone import Phone
from tests.real.stage import moment

pytestmark = pytest.mark.real

ANNA = Scope(user_id="1", login="anna", name="Анна", role="agent", extension="101")
BORIS = Scope(user_id="2", login="boris", name="Борис", role="agent", extension="102")
VERA = Scope(user_id="3", login="vera", name="Вера", role="supervisor", extension="103")
IVAN = "+79211234567"


class House:
    """The telephony part of a server, and everything it told."""

    def __init__(self, pbx: Asterisk) -> None:
        self.news: list[News] = []
        self.telephony = Telephony(
            [settings_of(pbx)],
            country="RU",
            area_code="495",
            publish=self.news.append,
            names=lambda _: "Анна",
        )

    def call(self) -> Call:
        [call] = self.telephony.calls()
        return call

    def ended(self) -> list[Call]:
        return [news.call for news in self.news if isinstance(news, CallEnded)]

    async def until(self, true: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(15):
                while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
                    await asyncio.sleep(0.02)
        except TimeoutError:
            live = [(call.state, call.caller.number, call.parties) for call in self.telephony.calls()]
            raise AssertionError(f"it did not happen; live calls: {live}") from None

    async def sees(self, extension: str, state: CallState) -> Call:
        """Wait until `extension` is in the one call there is, and sees it as `state`."""

        def seen() -> bool:
            return any(
                (party := call.party(extension)) is not None and party.state == state for call in self.telephony.calls()
            )

        await self.until(seen)
        return self.call()

    async def can(self, scope: Scope, action: str) -> Call:
        await self.until(lambda: any(action in self.telephony.actions(call, scope) for call in self.telephony.calls()))
        return self.call()

    async def do(self, scope: Scope, action: str, **more: str | bool) -> None:
        call = await self.can(scope, action)
        await self.telephony.act(scope, call.id, action, **more)


@asynccontextmanager
async def house(pbx: Asterisk) -> AsyncIterator[House]:
    built = House(pbx)
    running = asyncio.create_task(built.telephony.run())
    try:
        await built.until(lambda: built.telephony.links()[0].state == "up")
        yield built
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


SURELY = 3
"""So many loud packets are more than a click."""


async def heard(call: SipCall, *, by: Phone) -> None:
    """Speak in `call` until it is heard by that phone."""
    before = by.ear.heard
    for _ in range(40):
        await call.speak(0.2)
        if by.ear.heard > before + SURELY:
            return
    raise AssertionError(f"{by.user} does not hear what {call.phone.user} says")


async def test_answer_hold_mute_keys_recording_and_listening_in_work_on_a_real_pbx(pbx: Asterisk) -> None:
    desk = await pbx.phone("101")
    async with house(pbx) as inside:
        outside = await pbx.trunk.call("84951234567", shown=IVAN)
        rung = await desk.rings()
        call = await inside.sees("101", "ringing")
        assert inside.telephony.actions(call, ANNA) == ("answer", "transfer", "hangup")
        with pytest.raises(Conflict, match="not talking"):
            await inside.telephony.act(ANNA, call.id, "park")
        with pytest.raises(NotFound):
            await inside.telephony.act(BORIS, call.id, "hold")

        await inside.do(ANNA, "answer")
        await rung.answered()
        await inside.sees("101", "talking")
        await inside.do(ANNA, "hold")
        await inside.sees("101", "held")
        await inside.do(ANNA, "resume")
        await inside.sees("101", "talking")
        await inside.do(ANNA, "mute")
        await inside.do(ANNA, "unmute")
        await inside.do(ANNA, "dtmf", digits="1#")
        await inside.do(ANNA, "record", on=True)
        await inside.until(lambda: inside.telephony._lines["main"].handles.recordings)
        await inside.do(ANNA, "record", on=False)

        await inside.do(ANNA, "hangup")
        await outside.ended()


LISTENERS = {"spy": (False, False), "whisper": (True, False), "barge": (True, True)}
"""Whether the agent, and whether the client, hears the supervisor."""


@pytest.mark.parametrize("how", LISTENERS)
async def test_a_supervisor_listens_in_and_is_heard_by_whom_he_wants(pbx: Asterisk, how: str) -> None:
    desk, third = await pbx.phone("101"), await pbx.phone("103")
    async with house(pbx) as inside:
        outside = await pbx.trunk.call("84951234567", shown=IVAN)
        rung = await (await desk.rings()).answer()
        await inside.sees("101", "talking")
        await inside.do(VERA, how)
        supervisor = await (await third.rings()).answer()
        for call in (outside, rung, supervisor):
            call.stay_on_line()
        await heard(outside, by=third)
        agent, client = desk.ear.heard, pbx.trunk.ear.heard
        told_agent, told_client = LISTENERS[how]
        if told_agent:
            await heard(supervisor, by=desk)
        await supervisor.speak(0.6)
        assert (desk.ear.heard > agent + SURELY) is told_agent
        assert (pbx.trunk.ear.heard > client + SURELY) is told_client
        await supervisor.hang_up()
        await inside.until(lambda: len(inside.telephony.calls()) == 1)
        assert inside.call().answered_by == ("101",)
        await outside.hang_up()
        await inside.until(lambda: not inside.telephony.calls())
        assert [call.answered_by for call in inside.ended() if call.direction == "inbound"] == [("101",)]


async def test_a_consultation_becomes_a_talk_of_three_which_stays_one_record(pbx: Asterisk) -> None:
    desk, second = await pbx.phone("101"), await pbx.phone("102")
    async with house(pbx) as inside:
        outside = await pbx.trunk.call("84951234567", shown=IVAN)
        rung = await desk.rings()
        await rung.answer()
        await inside.sees("101", "talking")
        await inside.do(ANNA, "transfer", to="102", kind="attended")
        asked = await second.rings()
        await asked.answer()
        await inside.do(ANNA, "conference")
        for speaker, listeners in ((outside, (desk, second)), (asked, (desk, pbx.trunk))):
            for listener in listeners:
                await heard(speaker, by=listener)
        await inside.until(lambda: len(inside.telephony.calls()) == 1)
        assert {party.extension: party.state for party in inside.call().parties} == {"101": "talking", "102": "talking"}
        await inside.do(ANNA, "hangup")
        await rung.ended()
        await heard(asked, by=pbx.trunk)
        await inside.until(lambda: inside.call().party("101") is None)
        await outside.hang_up()
        await inside.until(lambda: not inside.telephony.calls())
        [record] = inside.ended()
        assert (record.answered_by, record.owner, record.ended_by) == (("101", "102"), "102", "caller")


async def test_calls_are_transferred_from_the_screen_on_a_real_pbx(pbx: Asterisk) -> None:
    desk, second, third = [await pbx.phone(extension) for extension in ("101", "102", "103")]
    async with house(pbx) as inside:
        outside = await pbx.trunk.call("84951234567", shown=IVAN)
        rung = await desk.rings()
        await inside.do(ANNA, "answer")
        await rung.answered()
        await inside.sees("101", "talking")
        await inside.do(ANNA, "transfer", to="102", kind="attended")
        asked = await second.rings()
        await asked.answer()
        await inside.do(ANNA, "cancel")
        await asked.ended()
        await inside.until(lambda: "complete" not in inside.telephony.actions(inside.telephony.calls()[0], ANNA))
        await moment(1.0)
        await inside.do(ANNA, "transfer", to="102", kind="attended")
        asked = await second.rings()
        await asked.answer()
        await inside.do(ANNA, "complete")
        await rung.ended()
        await inside.sees("102", "talking")

        await moment(1.0)
        await inside.do(BORIS, "transfer", to="103")
        redirected = await third.rings()
        await asked.ended()
        await redirected.answer()
        await inside.sees("103", "talking")
        await inside.do(VERA, "hangup")
        await outside.ended()
        await inside.until(lambda: any(call.direction == "inbound" for call in inside.ended()))
        [record] = [call for call in inside.ended() if call.direction == "inbound"]
        assert record.answered_by == ("101", "102", "103")
        assert [(t.kind, t.by, t.to, t.result) for t in record.transfers] == [
            ("attended", "101", "102", "answered"),
            ("blind", "102", "103", "answered"),
        ]


async def test_a_call_is_parked_taken_back_and_picked_up_from_the_screen(pbx: Asterisk) -> None:
    desk, second = await pbx.phone("101"), await pbx.phone("102")
    async with house(pbx) as inside:
        await pbx.trunk.call("84951234567", shown=IVAN)
        await (await desk.rings()).answer()
        await inside.sees("101", "talking")
        await inside.do(ANNA, "park")
        await inside.sees("101", "parked")
        for call in list(desk.calls.values()):
            await call.ended()
        assert (await inside.sees("101", "parked")).state == "parked"
        await inside.do(ANNA, "unpark")
        await (await desk.rings()).answer()
        await inside.sees("101", "talking")
        [parking] = inside.call().parked
        assert (parking.by, parking.by_whom) == ("101", "101")
        await inside.do(ANNA, "hangup")
        await inside.until(inside.ended)

        await pbx.trunk.call("84951234567", shown=IVAN)
        await desk.rings()
        await inside.sees("101", "ringing")
        await inside.do(BORIS, "pickup")
        await (await second.rings()).answer()
        await inside.sees("102", "talking")
        assert inside.call().answered_by == ("102",)
        await inside.do(BORIS, "hangup")


async def test_a_click_to_call_is_one_record_whose_id_is_known_at_once(pbx: Asterisk) -> None:
    desk = await pbx.phone("101")
    async with house(pbx) as inside:
        asked = await inside.telephony.originate(ANNA, "8 (921) 123-45-67")
        assert (asked.state, asked.direction, asked.dialed) == ("dialing", "outbound", IVAN)
        own = await desk.rings()
        ringing = await inside.sees("101", "ringing")
        assert (ringing.id, ringing.direction, ringing.dialed) == (asked.id, "outbound", IVAN)
        await inside.do(ANNA, "answer")
        away = await pbx.trunk.rings()
        await away.answer()
        await inside.sees("101", "talking")
        await own.hang_up()
        await inside.until(inside.ended)
        [record] = inside.ended()
        assert (record.id, record.outcome, record.owner, record.dialed) == (asked.id, "answered", "101", IVAN)
        session = inside.telephony._lines["main"].link._session
        assert session is not None
        assert session.protocol is not None
        assert not set(FLOODS) & set(session.protocol.stream.skipped), "the PBX sent what it was asked to leave out"


async def test_a_click_to_call_from_a_phone_that_is_off_fails_and_says_so(pbx: Asterisk) -> None:
    desk = await pbx.phone("101")
    await desk.register(0)
    try:
        async with house(pbx) as inside:
            asked = await inside.telephony.originate(ANNA, IVAN)
            await inside.until(inside.ended)
            [record] = inside.ended()
            assert (record.id, record.outcome, record.cause) == (asked.id, "failed", "agent_no_answer")
    finally:
        await desk.register()
