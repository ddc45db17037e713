"""A call is never lost from sight: on every page but the desk it stands in the bar on top, with its keys."""

import asyncio

from tests.browser.conftest import Seat, Sitting
from tests.browser.fake_house import ANNA, MARIA, SHARED, STRANGER, card_of
from tests.browser.looks import violations
from tests.browser.test_calm import SHIFTS, shown

KEPT = """() => new Promise((done) => {
    addEventListener('keydown', (event) => setTimeout(() => done(!event.defaultPrevented)), {once: true});
})"""

ROOMY = """() => [...document.querySelectorAll('.top > *, call-strip > *')]
    .every((one) => one.scrollWidth <= one.clientWidth + 1)"""


async def _elsewhere(sits: Sitting, **more: object) -> Seat:
    """An agent on a page that is not his desk, whose feed is there."""
    seat = await (await sits(**more)).open("/pops")
    await _fed(seat)
    return seat


async def _fed(seat: Seat) -> None:
    await seat.happens(lambda: any(said["type"] == "subscribe" for said in seat.house.heard))


async def test_a_call_that_rings_on_another_page_is_seen_answered_and_ended_there(sits: Sitting) -> None:
    seat = await _elsewhere(sits)
    await seat.page.wait_for_timeout(300)
    await seat.page.evaluate(SHIFTS)
    call = seat.house.rings(MARIA)
    await seat.sees("call-strip .who", "Мария Соколова · ООО «Северный ветер»")
    await seat.sees("call-strip .who", "+7 921 123-45-67 · продажи · ✓ найден по номеру")
    assert (await shown(seat.house, call)).get("hidden") is not True
    assert await seat.page.title() == "☎ Мария Соколова · Switchroom"
    await seat.presses("F2")
    await seat.sees("call-strip .pill", "Разговор")
    await seat.sees("call-strip run-time", "0:0")
    await seat.presses("F4")
    await seat.sees("call-strip .pill", "удержании")
    await seat.presses("F9")
    await seat.sees("call-strip .pill", "Записать итог")
    assert await seat.page.evaluate("window.shifts") == []
    assert [name for name, _ in seat.house.asked if name != "live"] == ["answer", "hold", "hangup"]
    await seat.presses("Enter")
    await seat.sees("wrap-up.due")
    await seat.sees("client-card .client-name", "Мария Соколова")


async def test_a_link_in_mid_call_loses_neither_the_call_nor_the_note(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("client-card .pill", "Разговор")
    await seat.page.locator("wrap-up textarea").fill("просил счёт")
    await seat.page.evaluate("document.querySelector('.top nav a').href = '/pops'")
    await seat.page.locator(".top nav a").first.click()
    await seat.sees("call-strip .who", "Мария Соколова")
    await seat.sees("call-strip run-time", "0:0")
    await seat.happens(lambda: seat.house.calls[call]["note"] == "просил счёт")
    await seat.page.locator("call-strip a", has_text="Стол").click()
    await seat.sees("client-card .client-name", "Мария Соколова")
    await seat.comes_true("document.querySelector('wrap-up textarea').value === 'просил счёт'")


async def test_a_wrap_up_is_called_to_mind_on_another_page(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    seat.house.hung_up(call)
    await seat.sees("wrap-up.due")
    await seat.page.goto(seat.served.url + "/pops")
    await seat.sees("call-strip .pill", "Обработка")
    await seat.sees("call-strip a", "Стол")


async def test_a_second_call_stands_beside_the_first_and_is_answered_by_its_key(sits: Sitting) -> None:
    seat = await _elsewhere(sits, width=1366, height=768)
    seat.house.answered(seat.house.rings(MARIA))
    await seat.sees("call-strip .pill", "Разговор")
    other = seat.house.rings("+79037770000", name="Александра-Виктория Константинопольская-Задунайская")
    await seat.sees("call-strip .second", "☎ Александра")
    assert await seat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await seat.page.evaluate(ROOMY), "everything in the bar has its room"
    await seat.presses("F2")
    await seat.misses("call-strip .second")
    assert [body["call"] for name, body in seat.house.asked if name == "answer"] == [other]


async def test_the_strip_says_whom_nobody_or_another_knows(sits: Sitting) -> None:
    seat = await _elsewhere(sits)
    foreign = {"responsible": "Борис Ким", "extension": "102", "team": "Юг"}
    seat.house.cards["+79260001122"] = card_of(None, "+79260001122", match="exact", foreign=foreign)
    for number, words in (
        ("+79260001122", "клиент коллеги · Борис Ким · 102 · Юг"),
        (SHARED, "этот номер у нескольких клиентов"),
        (STRANGER, "продажи"),
        (None, "продажи"),
    ):
        call = seat.house.rings(number)
        await seat.sees("call-strip .who", words)
        said = await seat.page.locator("call-strip .who").inner_text()
        assert said.count("+7") == (0 if number is None else 1), said
        seat.house.hung_up(call)
        await seat.misses("call-strip .who")


async def test_without_a_call_the_keys_stay_the_browsers(sits: Sitting) -> None:
    seat = await _elsewhere(sits)
    for key in ("F3", "F4", "F6", "F8", "F9", "Control+k", "Alt+1", "?", "Enter"):
        kept = asyncio.create_task(seat.page.evaluate(KEPT))
        await seat.page.wait_for_timeout(50)
        await seat.presses(key)
        assert await kept, key


async def test_the_desk_in_another_tab_goes_on_ringing_and_is_not_covered(sits: Sitting) -> None:
    desk = await (await sits()).open()
    await desk.page.mouse.click(640, 500)
    other = await (await sits(served=desk.served, context=desk.context)).open("/pops")
    await other.page.bring_to_front()
    await other.page.mouse.click(640, 500)
    desk.house.rings(MARIA)
    await other.sees("call-strip .who", "Мария Соколова")
    await desk.comes_true("document.documentElement.dataset.rings === 'yes'")
    assert await desk.page.locator("#elsewhere").is_hidden()
    assert await other.page.evaluate("document.documentElement.dataset.rings") is None
    await desk.page.close()
    await other.comes_true("document.documentElement.dataset.rings === 'yes'")


async def test_a_lost_line_and_a_log_out_are_told_and_the_page_stays(sits: Sitting) -> None:
    seat = await _elsewhere(sits)
    await seat.served.gate.cut()
    await seat.sees("call-strip .pill", "Нет связи с сервером", seconds=2)
    await seat.served.gate.mend()
    await seat.misses("call-strip .pill", seconds=20)
    for link in list(seat.house.links):
        await link.close(4001, "signed out")
    await seat.sees("call-strip a", "Войти")
    assert seat.page.url.endswith("/pops")
    assert await violations(seat.page) == []


async def test_the_supervisors_page_has_the_strip_for_his_own_phone(sits: Sitting) -> None:
    seat = await (await sits("chief")).open("/lines")
    seat.house.rings(MARIA, agent="100")
    await seat.sees("call-strip .who", "Мария Соколова")
    await seat.presses("F2")
    await seat.sees("call-strip .pill", "Разговор")


async def test_who_has_no_phone_has_no_strip(sits: Sitting) -> None:
    seat = await sits()
    seat.house.people = (type(ANNA)(user_id="u9", login="anna", name="Анна", role="admin", language="ru"),)
    await seat.open("/pops")
    await seat.page.wait_for_timeout(300)
    assert await seat.page.locator("call-strip").count() == 0
    assert seat.house.links == {}
