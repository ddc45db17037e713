"""The main job, end to end on our own simulator: a phone rings, the card pops, the call lands in the history."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_store.client import ClientDraft
from crm_store.database import Database
from tests.whole import ANNA, SimulatedHouse, simulated_house


@pytest.fixture
async def house(database: Database, data_dir: Path) -> AsyncIterator[SimulatedHouse]:
    async with simulated_house(data_dir) as house:
        yield house


async def test_a_known_clients_call_pops_his_card_and_ends_in_his_history(house: SimulatedHouse) -> None:
    agent = await house.hires("101", "agent", "101")
    anna = await house.server.store.clients.create(
        agent, ClientDraft.model_validate({"kind": "person", "name": "Анна Орлова", "numbers": [{"number": ANNA}]})
    )
    screen, http = await house.opens_page("101")

    call = house.pbx.incoming(ANNA, to="101", name="Anna")
    ringing = await screen.until("call", state="ringing")
    carded = ringing if "card" in ringing else await screen.until("call")
    assert carded["card"]["client"]["name"] == "Анна Орлова"
    assert carded["card"]["match"] == "exact"
    assert ringing["call"]["caller"]["number"] == ANNA

    async with http.post(f"calls/{ringing['call']['id']}/answer", json={}) as answer:
        assert answer.status == 200, await answer.text()
    talking = await screen.until("call", state="talking")
    assert "hangup" in talking["actions"]

    call.hang_up()
    await screen.until("call", state="ended")

    async with http.patch(
        f"calls/{ringing['call']['id']}", json={"note": "перезвонить", "disposition": None}
    ) as answer:
        assert answer.status == 200, await answer.text()
    [entry] = await house.history(http, anna.id)
    assert entry["id"] == ringing["call"]["id"]
    async with http.get(f"calls/{ringing['call']['id']}") as answer:
        record = await answer.json()
    assert (record["outcome"], record["owner"], record["client_id"], record["note"]) == (
        "answered",
        "101",
        anna.id,
        "перезвонить",
    )


async def test_a_note_typed_in_the_very_first_moment_is_kept(house: SimulatedHouse) -> None:
    await house.hires("101", "agent", "101")
    screen, http = await house.opens_page("101")
    call = house.pbx.incoming(ANNA, to="101")
    address = f"calls/{(await screen.until('call'))['call']['id']}"
    async with http.patch(address, json={"note": "пере"}) as answer:
        assert (answer.status, (await answer.json())["note"]) == (200, "пере")
    call.hang_up()
    await screen.until("call", state="ended")
    async with http.patch(address, json={"note": "перезвонить"}) as answer:
        record = await answer.json()
    assert (answer.status, record["note"], record["outcome"]) == (200, "перезвонить", "cancelled")


async def test_a_ringing_group_is_told_and_the_losers_cards_are_withdrawn(house: SimulatedHouse) -> None:
    for extension in ("107", "108", "109"):
        await house.hires(extension, "agent", extension)
    screens = {extension: (await house.opens_page(extension))[0] for extension in ("107", "108", "109")}
    call = house.pbx.incoming(ANNA, to="610")
    for screen in screens.values():
        await screen.until("call", state="ringing")
    call.answer("108")
    await screens["108"].until("call", state="talking")
    for loser in ("107", "109"):
        await screens[loser].until("call", state="withdrawn")


async def test_a_supervisor_sees_every_line_and_an_agent_not_with_whom_others_talk(house: SimulatedHouse) -> None:
    await house.hires("boss", "supervisor", None)
    await house.hires("101", "agent", "101")
    boss, _ = await house.opens_page("boss")
    agent, _ = await house.opens_page("101")
    house.pbx.incoming(ANNA, to="104")
    seen = await boss.until("presence", extension="104", state="ringing")
    assert seen["peer"] == ANNA
    hidden = await agent.until("presence", extension="104", state="ringing")
    assert hidden["peer"] is None
    assert agent.told("call") == []


async def test_rest_says_of_a_call_what_can_be_done_with_it_and_when_it_is_over(house: SimulatedHouse) -> None:
    await house.hires("101", "agent", "101")
    await house.hires("102", "agent", "102")
    screen, http = await house.opens_page("101")
    _, stranger = await house.opens_page("102")
    call = house.pbx.incoming(ANNA, to="101")
    address = f"calls/{(await screen.until('call', state='ringing'))['call']['id']}"
    async with http.get(address) as answer:
        seen = await answer.json()
    assert (seen["state"], seen["actions"]) == ("ringing", ["answer", "transfer", "hangup"])

    call.hang_up()
    await screen.until("call", state="ended")
    async with http.get(address) as answer:
        seen = await answer.json()
    assert (seen["state"], seen["actions"], seen["outcome"]) == ("ended", [], "cancelled")
    async with http.post(f"{address}/hangup", json={}) as answer:
        assert (answer.status, (await answer.json())["detail"]) == (409, "Звонок уже завершён")
    for who, path in ((stranger, f"{address}/hangup"), (http, f"{address}/sing")):
        async with who.post(path, json={}) as answer:
            assert answer.status == 404


async def test_who_paused_is_still_paused_after_a_restart_of_the_server(database: Database, data_dir: Path) -> None:
    async with simulated_house(data_dir) as house:
        for login in ("101", "102"):
            await house.hires(login, "agent", login)
        for login, choices in (("101", ["ready", "paused"]), ("102", ["paused", "ready"])):
            screen, http = await house.opens_page(login)
            for state in choices:
                reason = "lunch" if state == "paused" else None
                async with http.put("agents/me/state", json={"state": state, "reason": reason}) as answer:
                    assert answer.status == 200, await answer.text()
            await screen.until("presence", extension=login, user_state=choices[-1])
        await house.server.bus.settled()
    async with simulated_house(data_dir) as house:
        for login, expected in (("101", ("paused", "lunch")), ("102", ("ready", None))):
            _, http = await house.opens_page(login)
            async with http.get("agents/me/state") as answer:
                told = await answer.json()
            assert (told["state"], told["reason"]) == expected
