"""The screens say what is so, once, in words a person understands."""

from tests.browser.conftest import Sitting
from tests.browser.fake_house import MARIA, SHARED, STRANGER, ago, card_of

FOREIGN = {"responsible": "Борис Ким", "extension": "102", "team": "Юг"}
WHOLE = """() => [...document.querySelectorAll('find-anybody .number')]
    .every((one) => one.scrollWidth <= one.clientWidth)"""

UNCUT = (
    """() => [...document.querySelectorAll('work-state .word')].every((one) => one.scrollWidth <= one.clientWidth)"""
)

INSIDE = """() => [...document.querySelectorAll('.aside .table-wrap')]
    .every((one) => one.scrollWidth <= one.clientWidth && one.getBoundingClientRect().right <= innerWidth)"""


async def test_beside_a_colleagues_client_it_says_whose_he_is(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.cards[STRANGER] = card_of(None, STRANGER, match="exact", foreign=FOREIGN)
    seat.house.rings(STRANGER)
    await seat.sees("client-card .client-name", "Клиент коллеги")
    await seat.sees("client-card [data-part=match]", "ведёт Борис Ким · 102 · Юг")
    await seat.sees("side-tabs [role=tabpanel]", "Этого клиента ведёт Борис Ким · 102 · Юг")
    card = await seat.page.locator("client-card").inner_text()
    assert "Контактов ещё не было" not in card
    assert card.count("видят те, кто ведёт клиента") == 2
    assert await seat.page.locator("unknown-caller").is_hidden()


async def test_a_number_stands_once_on_its_card(sits: Sitting) -> None:
    seat = await (await sits()).open()
    for number, title, times in (
        (STRANGER, "Неизвестный номер", 1),
        (SHARED, "Один из нескольких клиентов", 1),
        (None, "Номер скрыт", 0),
    ):
        call = seat.house.rings(number)
        await seat.sees("client-card .client-name", title)
        head = await seat.page.locator("client-card .card-head [data-part=who]").inner_text()
        assert (head.count("+7"), head.count("Номер скрыт")) == (times, 0 if number else 1), head
        seat.house.hung_up(call)
        await seat.misses("client-card")


async def test_while_the_base_is_away_or_asked_nobody_is_offered_as_new(sits: Sitting) -> None:
    seat = await (await sits()).open()
    for more, words in (({"pending": True}, "ищем, кто это"), ({"away": True}, "база клиентов не отвечает")):
        seat.house.cards[STRANGER] = card_of(None, STRANGER, **more)
        call = seat.house.rings(STRANGER)
        await seat.sees("client-card [data-part=match]", words)
        assert await seat.page.locator("unknown-caller").is_hidden()
        seat.house.hung_up(call)
        await seat.misses("client-card")


async def test_what_a_call_came_to_is_read_in_the_last_contacts_and_in_the_history(sits: Sitting) -> None:
    seat = await (await sits()).open()
    past = {"direction": "inbound", "outcome": "answered", "talk_seconds": 41.0, "owner": "103", "queue": "продажи"}
    entry = {"id": "c1", "at": ago(days=2), "kind": "call", "summary": "", "call": past | {"disposition": "callback"}}
    seat.house.cards[MARIA]["last"] = [entry]
    seat.house.rings(MARIA)
    await seat.sees("client-card .entries", "Входящий 0:41 Перезвонить · продажи · Вера Ли")
    await seat.page.locator("#tab-history").click()
    await seat.sees("side-tabs .order", "Перезвонить · продажи · Вера Ли")


async def test_the_bar_says_what_the_agent_does_in_a_call(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.sees("work-state .pill", "Готов")
    call = seat.house.rings(MARIA)
    await seat.sees("work-state .pill", "Звонит")
    seat.house.answered(call)
    await seat.sees("work-state .pill", "Разговор")
    seat.house.hung_up(call)
    await seat.sees("work-state .pill", "Обработка")
    assert await seat.page.evaluate(UNCUT), "the state is whole, beside its time"
    await seat.presses("F8")
    await seat.sees("work-state .pill", "Готов")


async def test_the_supervisor_reads_who_is_on_the_line_now(sits: Sitting) -> None:
    seat = await sits("chief")
    known = seat.house.cards[MARIA]["client"]
    known["name"] = "Мария Соколова Константинопольская-Задунайская"
    await seat.open("/lines")
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("#calls .within", "Анна Орлова 101")
    await seat.sees("#calls .outside", "Мария Соколова")
    await seat.sees("#calls .outside", "+7 921 123-45-67")
    assert await seat.page.evaluate(INSIDE), "a long name is cut, not the table"
    out = seat.house.dials("+79119998877", agent="103")
    await seat.sees("#calls .within", "← Вера Ли 103")
    assert "Анна" not in await seat.page.locator("#calls .outside", has_text="+7 911").inner_text()
    seat.house.hung_up(out)
    there = [{"extension": "103", "state": "talking"}]
    seat.house.change(call, answered_by=["101", "103"], owner="103", parties=there)
    await seat.sees("#calls .within", "Вера Ли 103")
    await seat.comes_true("!document.querySelector('#calls').innerText.includes('Анна')")


async def test_a_free_phone_without_its_user_is_free_and_told_apart(sits: Sitting) -> None:
    seat = await sits()
    seat.house.presence["104"] |= {"state": "idle", "user_state": "offline"}
    await seat.open()
    row = seat.page.locator("team-presence .mate[data-alone]")
    await seat.sees("team-presence .mate[data-alone]", "Свободен")
    assert await row.count() == 1
    assert "свободен, но не за столом" in (await row.get_attribute("aria-label") or "")


async def test_what_ctrl_k_finds_is_whole(sits: Sitting) -> None:
    seat = await (await sits()).open()
    for one in seat.house.clients.values():
        one["name"] = f"Константинопольская-Задунайская {one['name']}"
    await seat.presses("Control+k")
    await seat.page.keyboard.type("петров")
    await seat.sees("find-anybody [role=option]", "+7 812 333-44-55")
    assert await seat.page.evaluate(WHOLE)
