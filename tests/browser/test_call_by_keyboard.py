"""An agent works through calls with nothing but the keyboard."""

from typing import Any

import pytest

from tests.browser.conftest import Sitting
from tests.browser.fake_house import MARIA, SHARED, STRANGER, House


def _asked(house: House, what: str) -> list[dict[str, Any]]:
    return [body for name, body in house.asked if name == what]


async def test_a_known_client_takes_four_keys_and_the_note(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    await seat.sees("client-card", "Мария Соколова")
    await seat.presses("F2")
    await seat.sees("client-card .pill", "Разговор")
    await seat.page.wait_for_timeout(1_100)
    await seat.presses("F9")
    await seat.sees("wrap-up.due")
    await seat.presses("1")
    await seat.page.keyboard.type("решили")
    await seat.page.wait_for_timeout(1_100)
    await seat.presses("Enter")
    await seat.misses("client-card")
    assert seat.house.calls[call]["disposition"] == "solved"
    assert seat.house.calls[call]["note"] == "решили"
    assert _asked(seat.house, "state") == [{"state": "ready"}]


async def test_an_unknown_caller_becomes_a_client_with_his_name(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.rings(STRANGER)
    await seat.sees("unknown-caller input")
    await seat.presses("F2")
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("Enter")
    await seat.page.keyboard.type("Савва Гусев")
    await seat.presses("Enter")
    await seat.sees("client-card .client-name", "Савва Гусев")
    assert _asked(seat.house, "create") == [
        {"kind": "person", "name": "Савва Гусев", "numbers": [{"number": STRANGER, "kind": ""}]}
    ]


async def test_an_unknown_caller_is_attached_to_a_client_we_have_in_the_same_field(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.rings(STRANGER)
    await seat.sees("unknown-caller input")
    await seat.presses("Enter")
    await seat.page.keyboard.type("Иван")
    await seat.sees("unknown-caller [role=option]", "Иван Петров")
    await seat.presses("ArrowDown", "Enter")
    await seat.sees("client-card .client-name", "Иван Петров")
    assert _asked(seat.house, "attach")[0]["number"] == STRANGER


async def test_one_of_several_clients_is_picked_with_a_digit(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.rings(SHARED)
    await seat.sees("unknown-caller", "Кто звонит")
    await seat.presses("2")
    await seat.sees("client-card .client-name", "Ольга Петрова")


async def test_a_call_from_a_task_takes_three_keys(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.sees("next-up", "Подтвердить адрес")
    await seat.sees("missed-list .missed-row")
    await seat.presses("Enter", "Enter")
    await seat.sees("client-card .pill", "Вызываем")
    assert _asked(seat.house, "dial") == [{"to": MARIA}]


async def test_a_missed_call_is_called_back_with_two_keys(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.sees("missed-list .missed-row")
    await seat.presses("F2", "Enter")
    await seat.sees("client-card .pill", "Вызываем")
    assert _asked(seat.house, "dial") == [{"to": SHARED}]


async def test_transfer_puts_the_client_on_hold_at_once_and_esc_brings_him_back(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.answered(seat.house.rings(MARIA))
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("F6")
    await seat.sees("client-card .pill, my-calls .pill", "На удержании")
    await seat.presses("Escape")
    await seat.sees("client-card .pill", "Разговор")
    assert [name for name, _ in seat.house.asked if name in ("hold", "resume")] == ["hold", "resume"]


async def test_transfer_goes_to_the_colleague_who_was_typed(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("F6")
    await seat.page.keyboard.type("вера")
    await seat.presses("Enter")
    await seat.sees("wrap-up.due")
    assert _asked(seat.house, "transfer") == [{"call": call, "to": "103", "kind": "blind"}]


async def test_a_colleague_is_asked_first_and_then_given_the_client(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("F6")
    await seat.page.keyboard.type("103")
    await seat.presses("Shift+Enter")
    await seat.sees("client-card [data-part=state]", "Вы звоните: Вера Ли, 103")
    seat.house.asked_answers(call)
    await seat.sees("client-card [data-part=state]", "Вы говорите: Вера Ли, 103")
    await seat.sees("call-bar [data-action=transfer]", "Передать")
    await seat.presses("F6")
    await seat.sees("wrap-up.due")
    await seat.sees("client-card [data-part=state]", "передан: Вера Ли, 103")
    assert _asked(seat.house, "transfer") == [{"call": call, "to": "103", "kind": "attended"}]
    assert _asked(seat.house, "complete") == [{"call": call}]


@pytest.mark.parametrize("key", ["F4", "F9"])
async def test_who_asked_a_colleague_gets_back_to_the_client(sits: Sitting, key: str) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    seat.house.asks(call, "103")
    await seat.sees("call-bar [data-action=hold]", "К клиенту")
    await seat.presses(key)
    await seat.sees("client-card .pill", "Разговор")
    assert [name for name, _ in seat.house.asked if name != "live"] == ["cancel"]
    assert await seat.page.locator("client-card").is_visible()


async def test_hold_and_mute_are_turned_by_their_keys(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.answered(seat.house.rings(MARIA))
    await seat.sees("client-card .pill", "Разговор")
    for key, word in (("F4", "Вернуть"), ("F4", "Удержание"), ("F3", "Включить"), ("F3", "Микрофон")):
        await seat.presses(key)
        await seat.sees("call-bar .word", word)
    assert [name for name, _ in seat.house.asked if name != "live"] == ["hold", "resume", "mute", "unmute"]


async def test_hanging_up_is_guarded_for_a_second(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.answered(seat.house.rings(MARIA))
    await seat.sees("client-card .pill", "Разговор")
    await seat.presses("F9", "F9")
    await seat.sees("wrap-up.due")
    assert await seat.page.locator("client-card").is_visible(), "the second press must not finish the wrap-up"


async def test_a_draft_survives_a_reload(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("client-card .pill", "Разговор")
    await seat.page.locator("wrap-up textarea").fill("просил счёт")
    seat.house.hung_up(call)
    await seat.sees("wrap-up.due")
    await seat.page.reload()
    await seat.sees("client-card .client-name", "Мария Соколова")
    assert await seat.page.locator("wrap-up textarea").input_value() == "просил счёт"
    assert seat.house.calls[call]["note"] == "просил счёт"


async def test_a_wrap_up_can_be_made_longer(sits: Sitting) -> None:
    seat = await (await sits()).open()
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    seat.house.hung_up(call)
    await seat.sees("wrap-up .until", "0:2")
    await seat.page.locator("wrap-up .longer").click()
    await seat.sees("wrap-up .until", "0:5")


async def test_ctrl_k_finds_a_colleague_a_client_or_dials(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.presses("Control+k")
    await seat.page.keyboard.type("марат")
    await seat.sees("find-anybody .state", "Никого не нашли")
    await seat.presses("Control+a")
    await seat.page.keyboard.type("соколова")
    await seat.sees("find-anybody [role=option]", "Мария Соколова")
    await seat.presses("Control+a")
    await seat.page.keyboard.type("8 921 555-44-33")
    await seat.sees("find-anybody [role=option]", "Набрать")
    await seat.presses("Enter")
    await seat.sees("client-card .pill", "Вызываем")
    assert _asked(seat.house, "dial") == [{"to": "89215554433"}]


async def test_keys_are_remapped_and_kept_on_the_server(sits: Sitting) -> None:
    seat = await (await sits()).open()
    await seat.presses("?")
    await seat.page.locator("key-sheet [data-action=hangup]").click()
    await seat.presses("F10")
    await seat.sees("key-sheet [data-action=hangup]", "F10")
    await seat.presses("Escape")
    await seat.page.reload()
    await seat.sees("call-bar [data-action=hangup] kbd", "F10")
    assert seat.house.settings["keys"]["own"] == {"hangup": "F10"}


async def test_what_is_not_possible_says_why(sits: Sitting) -> None:
    seat = await (await sits()).open()
    seat.house.answered(seat.house.rings(MARIA))
    await seat.sees("client-card .pill", "Разговор")
    seat.house.refuse = "Телефон не умеет удерживать"
    await seat.presses("F4")
    await seat.sees(".said", "Телефон не умеет удерживать")
