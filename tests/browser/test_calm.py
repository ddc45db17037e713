"""Nothing jumps, nothing takes the focus, one tab rings, a lost line is told: what makes eight hours bearable."""

import asyncio
import time

import pytest

from tests.browser.conftest import Sitting
from tests.browser.fake_house import MARIA, STRANGER, House

SHIFTS = """() => {
    window.shifts = [];
    const note = (entry) => shifts.push([entry.value, entry.sources.map(({node}) => node?.outerHTML?.slice(0, 99))]);
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: 'layout-shift', buffered: false});
}"""
FITS = """() => {
    const card = document.querySelector('client-card'), page = document.documentElement;
    return page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth && card.scrollHeight <= card.clientHeight;
}"""
HIDDEN = """() => {
    window.told = [];
    window.Notification = class {
        static permission = 'granted';
        constructor(title, more) { window.told.push(title, more.body); }
        close() {}
    };
    Object.defineProperty(document, 'hidden', { get: () => true });
}"""
FOCUS = "() => document.activeElement.id || document.activeElement.tagName + '.' + document.activeElement.className"


async def shown(house: House, call: str, *, seconds: float = 5) -> dict[str, object]:
    """What the page said when the card of `call` was painted."""
    async with asyncio.timeout(seconds):
        while True:
            said = [one for one in house.heard if one["type"] == "shown" and one["call"] == call]
            if said:
                return said[0]
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [MARIA, STRANGER])
@pytest.mark.parametrize("width", [1280, 1920])
async def test_nothing_shifts_while_a_call_comes_in_and_goes_on(sits: Sitting, number: str, width: int) -> None:
    seat = await (await sits(width=width, height=width * 9 // 16)).open()
    await seat.sees("next-up .task-row")
    await seat.sees("missed-list .missed-row")
    await seat.page.wait_for_timeout(300)
    await seat.page.evaluate(SHIFTS)
    call = seat.house.rings(number)
    await shown(seat.house, call)
    await seat.page.wait_for_timeout(500)
    seat.house.answered(call)
    await seat.page.wait_for_timeout(500)
    assert await seat.page.evaluate("window.shifts") == []
    assert await seat.page.evaluate(FITS), "no scrollbar during a call"


async def test_a_call_that_comes_while_somebody_types_waits_at_the_edge(sits: Sitting) -> None:
    seat = await (await sits()).open()
    search = seat.page.locator("team-presence input")
    await search.focus()
    await seat.page.keyboard.type("вер")
    call = seat.house.rings(MARIA)
    await seat.sees("#edge", "Мария Соколова")
    await seat.page.keyboard.type("а ли")
    assert await search.input_value() == "вера ли"
    assert await seat.page.locator("client-card").is_hidden()
    assert (await shown(seat.house, call))["call"] == call
    await seat.presses("F2")
    await seat.sees("client-card .pill", "Разговор")


async def test_the_focus_stays_in_the_note_while_others_ring(sits: Sitting) -> None:
    seat = await (await sits()).open()
    first = seat.house.rings(MARIA)
    seat.house.answered(first)
    await seat.sees("client-card .pill", "Разговор")
    await seat.page.locator("wrap-up textarea").click()
    await seat.page.keyboard.type("просит 2 кресла")
    seat.house.rings(STRANGER)
    await seat.sees("#edge", "+7 903 555-00-17")
    await seat.page.keyboard.type(", серых, 1 и 9")
    assert await seat.page.evaluate(FOCUS) == "TEXTAREA."
    assert await seat.page.locator("wrap-up textarea").input_value() == "просит 2 кресла, серых, 1 и 9"
    await seat.sees("client-card .client-name", "Мария Соколова")


async def test_somebody_else_answering_takes_the_card_away_and_says_who(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    await seat.sees("client-card .client-name", "Мария Соколова")
    seat.house.withdrawn(call, by="102")
    await seat.misses("client-card")
    await seat.sees(".said", "Борис Ким")


async def test_a_cut_line_is_told_within_two_seconds_and_mends_itself(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("client-card .pill", "Разговор")
    began = time.monotonic()
    await seat.served.gate.cut()
    await seat.sees("#offline", "Нет связи с сервером", seconds=2 - (time.monotonic() - began))
    await seat.page.locator("wrap-up textarea").fill("пишу без связи")
    await seat.served.gate.mend()
    await seat.misses("#offline", seconds=20)
    reconnected = [facts for name, facts in seat.house.asked if name == "live"][-1]
    assert reconnected["epoch"] == seat.house.epoch
    assert int(reconnected["since"]) > 0
    assert await seat.page.locator("wrap-up textarea").input_value() == "пишу без связи"
    seat.house.hung_up(call)
    await seat.sees("wrap-up.due")


async def test_a_line_that_fell_silent_is_told_within_two_seconds(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.sees("net-figure", "мс")
    seat.house.deaf = True
    await seat.sees(
        "#offline", "Нет связи с сервером", seconds=2.2
    )  # the last heartbeat may have been sent just before
    seat.house.deaf = False
    await seat.misses("#offline", seconds=10)


async def test_one_tab_rings_of_two(sits: Sitting) -> None:
    first = await (await sits()).open()
    second = await (await sits(served=first.served, context=first.context)).open()
    await second.page.bring_to_front()
    await second.page.mouse.click(640, 500)
    first.house.rings(MARIA)
    await second.sees("client-card .client-name", "Мария Соколова")
    await first.page.wait_for_timeout(300)
    rings = "document.documentElement.dataset.rings === 'yes'"
    assert [await seat.page.evaluate(rings) for seat in (first, second)] == [False, True]
    assert await first.page.locator("#elsewhere").is_visible()
    assert await second.page.title() == "☎ Мария Соколова · Switchroom"
    await second.page.close()
    await first.misses("#elsewhere")
    await first.comes_true("document.documentElement.dataset.rings === 'yes'")


async def test_a_hidden_tab_says_that_it_is_hidden_and_notifies(sits: Sitting) -> None:
    seat = await (await sits(permissions=["notifications"])).open()
    await seat.page.evaluate(HIDDEN)
    call = seat.house.rings(MARIA)
    assert (await shown(seat.house, call))["hidden"] is True
    assert await seat.page.evaluate("window.told") == ["Входящий звонок", "Мария Соколова, +7 921 123-45-67"]


async def test_names_are_text_whatever_is_in_them(sits: Sitting) -> None:
    seat = await (await sits()).open()
    for name in (
        "<img src=x onerror=alert(1)><b>Жир</b>",
        "👩‍👩‍👧‍👦 Zürich ‮ обратно",
        "Ж" * 300,
        "Александра-Виктория Константинопольская-Задунайская-Преображенская-Мещерская-Лопухина",
    ):
        call = seat.house.rings("+79037770000", name=name)
        await seat.sees("client-card .client-name", name)
        assert await seat.page.evaluate("document.querySelector('client-card .client-name').children.length") == 0
        assert await seat.page.evaluate(FITS)
        seat.house.hung_up(call)
        await seat.misses("client-card")


async def test_the_sign_out_of_a_session_leads_to_the_log_in(sits: Sitting) -> None:
    seat = await (await sits()).open()
    for link in list(seat.house.links):
        await link.close(4001, "signed out")
    await seat.page.wait_for_url("**/login?next=%2F")


async def test_a_name_from_the_network_is_said_once(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.rings(STRANGER, name="WIRELESS CALLER")
    await seat.sees("client-card .client-name", "WIRELESS CALLER")
    assert (await seat.page.locator("client-card").inner_text()).count("WIRELESS CALLER") == 1


async def test_two_exchanges_with_the_same_number_are_two_phones(sits: Sitting) -> None:
    seat = await sits()
    seat.house.second_pbx("103", "104")
    await seat.open()
    await seat.sees("team-presence .mate >> nth=1")
    rows = seat.page.locator("team-presence .mate", has_text="103")
    assert ["north" in text for text in await rows.all_inner_texts()] == [False, True]
    seat.house.tell({"type": "presence", **seat.house.presence["north/103"], "state": "talking"})
    await seat.sees("team-presence .mate[data-look=busy]", "north")
    chief = await (await sits("chief", served=seat.served, context=None)).open("/lines")
    await chief.sees("#phones .tile", "north 104")
    assert await chief.page.locator("#phones .tile", has_text="104").count() == 2


async def test_over_a_slow_line_nothing_typed_is_lost_and_a_key_is_seen_to_be_taken(sits: Sitting) -> None:
    seat = await sits()
    line = await seat.context.new_cdp_session(seat.page)
    await line.send("Network.enable")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 180_000, "uploadThroughput": 84_000}
    await line.send("Network.emulateNetworkConditions", slow)
    await seat.open()
    call = seat.house.rings(MARIA)
    await seat.sees("client-card .client-name", "Мария Соколова")
    await seat.presses("F2")
    assert await seat.page.locator("call-bar [data-action=answer]").get_attribute("aria-busy") == "true"
    await seat.sees("client-card .pill", "Разговор")
    await seat.sees("wrap-up .outcome")
    await seat.page.locator("wrap-up textarea").fill("перезвонить")
    seat.house.hung_up(call)
    await seat.sees("wrap-up.due")
    await seat.presses("Alt+2", "Enter")
    await seat.misses("client-card")
    await seat.happens(lambda: seat.house.calls[call]["disposition"] == "callback")
    assert seat.house.calls[call]["note"] == "перезвонить"
