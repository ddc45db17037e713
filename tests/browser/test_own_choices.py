"""What a user chose on his account page is what the desk does: keys, and when a client's card comes up."""

import json
from typing import Any

import pytest

from switchroom.desk_keys import SETS, TAKEN, readable
from tests.browser.conftest import Seat, Sitting
from tests.browser.fake_house import MARIA

TABLES = """async () => { const keys = await import('/static/screenpop/keys.js');
    return {sets: keys.SETS, taken: [...keys.TAKEN], readable: Object.values(keys.SETS.laptop).map(keys.readable)}; }"""
CHOSEN = "async ([set, own]) => (await import('/static/screenpop/keys.js')).chosen(set, own)"


async def _desk(sits: Sitting, **settings: Any) -> Seat:
    seat = await sits()
    seat.house.settings = settings
    return await seat.open()


async def test_the_page_and_the_desk_know_the_same_keys(sits: Sitting) -> None:
    seat = await _desk(sits)
    tables = await seat.page.evaluate(TABLES)
    assert tables["sets"] == SETS
    assert set(tables["taken"]) == TAKEN
    assert tables["readable"] == [readable(key) for key in SETS["laptop"].values()]


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({"answer": "F10"}, {"answer": "F10"}),
        ({"answer": "F9", "hangup": "F2"}, {"answer": "F9", "hangup": "F2"}),
        ({"answer": "F9"}, {}),
        ({"answer": "F10", "mute": "F10"}, {}),
        ({"answer": "F9", "hangup": "F5"}, {}),
        ({"answer": "KeyA", "mute": 7, "dance": "F10", "hold": "F11"}, {}),
    ],
)
async def test_keys_that_cannot_be_are_left_out_whoever_wrote_them(
    sits: Sitting, own: dict[str, Any], kept: dict[str, str]
) -> None:
    seat = await _desk(sits)
    assert await seat.page.evaluate(CHOSEN, ["desk", own]) == SETS["desk"] | kept


async def test_laptop_keys_work_and_stand_on_the_buttons(sits: Sitting) -> None:
    seat = await _desk(sits, keys={"set": "laptop", "own": {"hangup": "F10"}, "digits": False})
    call = seat.house.rings(MARIA)
    await seat.sees("call-bar [data-action=answer] kbd", "Alt+A")
    await seat.sees("call-bar [data-action=hangup] kbd", "F10")
    await seat.presses("Alt+a")
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("F10")
    await seat.sees("wrap-up.due")
    await seat.presses("1")
    await seat.presses("Alt+2")
    await seat.sees(".outcome[data-key=callback][aria-pressed=true]")
    assert seat.house.calls[call]["disposition"] in (None, "callback"), "a bare digit chooses nothing"


async def test_the_sheet_refuses_a_key_that_is_taken_or_needed(sits: Sitting) -> None:
    seat = await _desk(sits, keys={"set": "laptop", "own": {}, "digits": True})
    await seat.presses("?")
    for key, words in {"Alt+x": "занята", "Alt+d": "браузеру", "j": "браузеру"}.items():
        await seat.page.locator("key-sheet [data-action=answer]").click()
        await seat.presses(key)
        await seat.sees("key-sheet .wrong", words)
    assert "keys" not in json.dumps([body for name, body in seat.house.asked if name == "keep"])


async def test_a_card_waits_for_the_answer_where_the_user_wants_it_so(sits: Sitting) -> None:
    seat = await _desk(sits, pop="answer")
    seat.house.rings(MARIA)
    await seat.sees("#edge", "Мария Соколова")
    await seat.sees("my-calls .call-row", "Входящий")
    assert await seat.page.locator("client-card").is_hidden()
    await seat.presses("F2")
    await seat.sees("client-card .client-name", "Мария Соколова")


async def test_a_card_picked_up_at_the_phone_comes_up_as_well(sits: Sitting) -> None:
    seat = await _desk(sits, pop="answer")
    call = seat.house.rings(MARIA)
    await seat.sees("#edge", "Мария Соколова")
    seat.house.answered(call)
    await seat.sees("client-card .client-name", "Мария Соколова")


async def test_a_card_never_comes_by_itself_where_the_user_wants_it_so(sits: Sitting) -> None:
    seat = await _desk(sits, pop="never")
    call = seat.house.rings(MARIA)
    await seat.sees("#edge", "Мария Соколова")
    await seat.presses("F2")
    await seat.sees("my-calls .call-row", "Разговор")
    await seat.sees("call-bar [data-action=hold][aria-disabled=false]")
    assert await seat.page.locator("client-card").is_hidden()
    await seat.presses("F9")
    await seat.sees("my-calls .call-row", "Записать итог")
    assert await seat.page.locator("client-card").is_hidden()
    await seat.page.wait_for_timeout(1_100)
    await seat.presses("F9")
    await seat.sees("client-card .client-name", "Мария Соколова")
    await seat.sees("wrap-up.due")
    assert seat.house.calls[call]["state"] == "ended"


async def test_a_choice_made_on_another_page_holds_when_the_desk_is_looked_at_again(sits: Sitting) -> None:
    seat = await _desk(sits)
    seat.house.settings = {"pop": "never", "keys": {"set": "laptop"}}
    await seat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await seat.sees("call-bar [data-action=answer] kbd", "Alt+A")
    seat.house.rings(MARIA)
    await seat.sees("#edge", "Мария Соколова")
    assert await seat.page.locator("client-card").is_hidden()
