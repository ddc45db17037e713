"""Every page in both languages, day and night, small and large: a picture under var/screens/, no accessibility
violation, nothing the browser complains about, the strict policy in its header."""

import pytest

from tests.browser.conftest import Seat, Sitting
from tests.browser.fake_house import MARIA, SHARED, STRANGER, Facts, ago
from tests.browser.looks import faults_in_every_look, violations

POLICY = "default-src 'self'; connect-src 'self' ws://127.0.0.1:{port}"


async def _idle(seat: Seat) -> None:
    await seat.sees("next-up .task-row")


async def _ringing(seat: Seat) -> None:
    seat.house.rings(MARIA)
    await seat.sees("client-card .client-name", "Мария")


async def _talking(seat: Seat) -> None:
    await _ringing(seat)
    await seat.presses("F2")
    await seat.sees("call-bar [data-action=hold][aria-disabled=false]")
    seat.house.rings(STRANGER, queue="поддержка")
    await seat.sees("#edge, my-calls .call-row >> nth=1")


async def _unknown(seat: Seat) -> None:
    seat.house.rings(STRANGER, name="WIRELESS CALLER")
    await seat.sees("unknown-caller input")
    await seat.presses("Enter")
    await seat.page.keyboard.type("Ив")
    await seat.sees("unknown-caller [role=option]")


async def _several(seat: Seat) -> None:
    seat.house.rings(SHARED)
    await seat.sees("unknown-caller .choice-row")


async def _wrapup(seat: Seat) -> None:
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    seat.house.hung_up(call)
    await seat.sees("wrap-up .until")
    await seat.presses("2")
    await seat.page.keyboard.type("Перезвонить в четверг после двух, уточнить адрес")
    await seat.page.wait_for_timeout(800)


async def _transfer(seat: Seat) -> None:
    call = seat.house.rings(MARIA)
    seat.house.answered(call)
    await seat.sees("call-bar [data-action=transfer][aria-disabled=false]")
    await seat.presses("F6")
    await seat.sees("transfer-picker [role=option]")


async def _find(seat: Seat) -> None:
    await seat.presses("Control+k")
    await seat.page.keyboard.type("петров")
    await seat.sees("find-anybody [role=option]")


async def _keys(seat: Seat) -> None:
    await seat.presses("?")
    await seat.sees("key-sheet dialog")


async def _offline(seat: Seat) -> None:
    await _ringing(seat)
    await seat.served.gate.cut()
    await seat.sees("#offline")


async def _lines(seat: Seat) -> None:
    for agent in ("101", "103", "110"):
        seat.house.rings(MARIA, agent=agent)
    for call in list(seat.house.calls)[:2]:
        seat.house.answered(call)
    await seat.sees("#calls tr >> nth=2")


async def _pops(seat: Seat) -> None:
    await seat.sees("tbody tr")


async def _strip(seat: Seat) -> None:
    await _pops(seat)
    seat.house.rings(MARIA)
    await seat.sees("call-strip .who", "Мария")


async def _strip_talking(seat: Seat) -> None:
    await _strip(seat)
    await seat.presses("F2")
    await seat.sees("call-strip [aria-keyshortcuts]")
    await seat.sees("call-strip .pill.good")
    seat.house.rings(STRANGER, queue="поддержка")
    await seat.sees("call-strip .second")


async def _new(seat: Seat) -> None:
    await seat.sees("first-steps li >> nth=1")


STORIES = {
    "desk-idle": ("/", _idle),
    "desk-ringing": ("/", _ringing),
    "desk-talking": ("/", _talking),
    "desk-unknown": ("/", _unknown),
    "desk-several": ("/", _several),
    "desk-wrapup": ("/", _wrapup),
    "desk-transfer": ("/", _transfer),
    "desk-find": ("/", _find),
    "desk-keys": ("/", _keys),
    "desk-offline": ("/", _offline),
    "desk-new": ("/", _new),
    "lines": ("/lines", _lines),
    "pops": ("/pops", _pops),
    "strip-ringing": ("/pops", _strip),
    "strip-talking": ("/pops", _strip_talking),
}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("name", STORIES)
async def test_every_page_is_in_order(sits: Sitting, name: str, language: str) -> None:
    path, story = STORIES[name]
    login, phones = ("chief", 200) if path == "/lines" else ("anna", 14)
    seat = await sits(login, language=language, phones=phones, bypass_csp=True, reduced_motion="reduce")
    seat.house.pops = _pops_told()
    if story is _new:
        seat.house.exchanges, seat.house.clients, seat.house.tasks = {}, {}, []
        seat.house.missed, seat.house.queues, seat.house.presence = [], [], {}
    await seat.open(path)
    await story(seat)
    assert await faults_in_every_look(seat.page, name, language) == []


def _pops_told() -> list[Facts]:
    told = (
        (1, "exact", ""),
        (4, "none", ""),
        (9, "maybe", "hidden_tab"),
        (31, None, "not_connected"),
        (55, "exact", "not_painted"),
    )
    call = {"call": "c", "extension": "101", "number": MARIA, "client_id": None, "hidden": False}
    return [
        {**call, **dict.fromkeys(("at", "sent_at", "shown_at"), ago(minutes=minutes))}
        | {"match": match, "latency_ms": 11.4 + minutes, "reason": why}
        for minutes, match, why in told
    ]


@pytest.mark.parametrize("path", ["/", "/lines", "/pops"])
async def test_the_policy_is_strict_and_the_browser_has_nothing_to_complain_about(sits: Sitting, path: str) -> None:
    seat = await sits("chief")
    response = await seat.page.goto(seat.served.url + path)
    assert response is not None
    assert (await response.all_headers())["content-security-policy"].startswith(
        POLICY.format(port=seat.served.live_port)
    )
    await seat.page.wait_for_timeout(1_500)
    assert seat.complaints == []


async def test_an_empty_house_says_so(sits: Sitting) -> None:
    seat = await sits()
    house = seat.house
    house.tasks, house.missed, house.queues = [], [], []
    house.presence = {"101": house.presence["101"]}
    await seat.open()
    for place, words in {
        "my-calls": "Звонков нет",
        "queue-list": "Очередей нет",
        "missed-list": "Никто не ждёт звонка",
        "next-up": "Задач нет",
        "team-presence": "Телефонов не видно",
    }.items():
        await seat.sees(f"{place} .state", words)


async def test_a_new_house_says_what_to_do_first(sits: Sitting) -> None:
    seat = await sits()
    house = seat.house
    house.exchanges, house.clients, house.tasks, house.presence = {}, {}, [], {}
    await seat.open()
    await seat.sees("first-steps", "Подключите АТС")
    await seat.sees("first-steps a", "Новый клиент")
    house.exchange("main", connected=False)
    await seat.sees("first-steps", "АТС main не отвечает")
    house.exchange("main", connected=True)
    await seat.misses("first-steps >> text=не отвечает")
    assert await violations(seat.page) == []


@pytest.mark.parametrize(("login", "path"), [("anna", "/"), ("chief", "/lines")])
async def test_an_exchange_that_does_not_answer_is_told_and_untold(sits: Sitting, login: str, path: str) -> None:
    seat = await (await sits(login)).open(path)
    seat.house.exchange("main", connected=False)
    await seat.sees("pbx-away", "Нет связи с АТС")
    await seat.sees("first-steps", "Телефоны работают, но их звонков здесь не видно")
    assert await violations(seat.page) == []
    seat.house.exchange("main", connected=True)
    await seat.misses("pbx-away")
    await seat.misses("first-steps >> text=не отвечает")


async def test_two_hundred_phones_are_searched_and_told_live(sits: Sitting) -> None:
    seat = await (await sits("chief", phones=200)).open("/lines")
    await seat.page.locator("#find-phone").fill("150")
    await seat.sees("#phones .tile", "150")
    seat.house._phone_is("150", "talking")
    await seat.sees("#phones .tile[data-state=talking]", "150", seconds=2)
    await seat.page.locator("#find-phone").fill("")
    assert await seat.page.locator("#phones .tile").count() == 202
