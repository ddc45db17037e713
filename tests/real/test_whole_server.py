"""The main job on a real Asterisk: it rings, the right agent's screen shows the right client, and one correct record
of the call is in that client's history."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crm_store.client import Client
from crm_store.database import Database
from tests.fakes.line import CuttableLine, cuttable
from tests.real.asterisk import Asterisk
from tests.real.conversation import Call
from tests.real.judging import differences
from tests.real.listening import settings_of
from tests.real.stage import IVAN, Stage, moment, talk
from tests.real.stories.transfers import taken
from tests.whole import House, Screen, house_for, settings_for, until

pytestmark = pytest.mark.real


class Office:
    """A whole server on a real PBX: agents with open pages, and the one client whose calls are watched."""

    def __init__(self, house: House, line: CuttableLine, client: Client) -> None:
        self.house, self.line, self.client = house, line, client
        self.screens: dict[str, Screen] = {}
        self.http: dict[str, aiohttp.ClientSession] = {}

    async def seats(self, *extensions: str) -> None:
        """Agents at these extensions, who open their pages."""
        for extension in extensions:
            await self.house.hires(extension, "agent", extension)
            self.screens[extension], self.http[extension] = await self.house.opens_page(extension)

    async def records(self, count: int = 1) -> list[dict[str, Any]]:
        """The client's calls as his time line shows them over REST, oldest first; no call is left anywhere."""
        http = next(iter(self.http.values()))
        calls = await self.house.history(http, self.client.id, count)

        async def calm() -> bool:
            return not self.house.server.telephony.calls()  # pyright: ignore[reportAttributeAccessIssue]

        await until("no call is left", calm)
        return calls[::-1]

    async def out_of_sight(self) -> bool:
        """Whether the server has noticed that it does not hear the PBX."""
        return self.house.server.telephony.links()[0].state != "up"

    async def is_idle(self, extension: str) -> bool:
        """Whether everybody who asks is told that this phone is free."""
        async with next(iter(self.http.values())).get("presence") as answer:
            phones = {phone["extension"]: phone["state"] for phone in (await answer.json())["items"]}
        return phones.get(extension) == "idle"


@pytest.fixture
async def office(pbx: Asterisk, database: Database, data_dir: Path) -> AsyncIterator[Office]:
    async with opened(pbx, data_dir) as office:
        yield office


@asynccontextmanager
async def opened(pbx: Asterisk, data_dir: Path) -> AsyncIterator[Office]:
    async with cuttable(pbx.host, pbx.port) as line:
        host, port = line.address
        where = settings_of(pbx).model_copy(update={"host": host, "port": port})
        async with house_for(settings_for(data_dir, where)) as house:
            yield Office(house, line, await house.knows("Иван Петров", IVAN))


async def answered(stage: Stage, office: Office, extension: str = "101", did: str = "67") -> tuple[Call, Call, str]:
    """Ivan calls, `extension` sees his card while the phone rings, picks up, and they talk: both and the call's id."""
    caller = await stage.outside(did)
    rung = await (await stage.phone(extension)).rings()
    call, card = await office.screens[extension].card()
    assert card["client"]["name"] == "Иван Петров"
    assert not rung.is_over.is_set()
    await rung.answer()
    await talk(caller)
    await office.screens[extension].until("call", state="talking")
    return caller, rung, call["id"]


async def test_a_ringing_phone_pops_the_clients_card_and_leaves_one_record(stage: Stage, office: Office) -> None:
    await office.seats("101", "102")
    caller = await stage.outside("67")
    rung = await (await stage.phone("101")).rings()
    call, card = await office.screens["101"].card()
    assert not rung.is_over.is_set()
    assert not rung.is_up.is_set()
    assert (card["match"], card["client"]["id"], call["caller"]["number"]) == ("exact", office.client.id, IVAN)
    await rung.answer()
    await talk(caller)
    await office.screens["101"].until("call", state="talking")
    await caller.hang_up()
    await office.screens["101"].until("call", state="ended")
    [record] = await office.records()
    expected = {
        "id": call["id"],
        "direction": "inbound",
        "dialed": "+74951234567",
        "client_id": office.client.id,
        "outcome": "answered",
        "answered_by": ["101"],
        "owner": "101",
        "legs": [["101", "answered"]],
        "ended_by": "caller",
        "complete": True,
    }
    assert differences([record], [expected]) == []
    assert record["talk_seconds"] > 0
    assert office.screens["102"].told("call") == []


async def test_the_losers_of_a_ring_group_are_withdrawn_at_once(stage: Stage, office: Office) -> None:
    await office.seats("101", "102")
    caller = await stage.outside("69")
    loser, winner = await (await stage.phone("101")).rings(), await (await stage.phone("102")).rings()
    for screen in office.screens.values():
        _, card = await screen.card()
        assert card["client"]["id"] == office.client.id
    await winner.answer()
    await office.screens["101"].until("call", state="withdrawn")
    await office.screens["102"].until("call", state="talking")
    await loser.ended()
    await talk(caller)
    await winner.hang_up()
    [record] = await office.records()
    expected = {"owner": "102", "outcome": "answered", "legs": [["101", "cancelled"], ["102", "answered"]]}
    assert differences([record], [expected]) == []


async def test_a_queue_goes_on_to_its_second_member_and_so_does_the_card(stage: Stage, office: Office) -> None:
    await office.seats("101", "102")
    caller = await stage.outside("68")
    await (await stage.phone("101")).rings()
    await office.screens["101"].card()
    second = await (await stage.phone("102")).rings()
    _, card = await office.screens["102"].card()
    assert card["client"]["id"] == office.client.id
    await office.screens["101"].until("call", state="withdrawn")
    await second.answer()
    await talk(caller)
    await caller.hang_up()
    [record] = await office.records()
    expected = {"owner": "102", "queue": "sales", "legs": [["101", "no_answer"], ["102", "answered"]]}
    assert differences([record], [expected]) == []


async def test_an_attended_transfer_is_one_record_of_who_has_the_client_in_the_end(
    stage: Stage, office: Office
) -> None:
    await office.seats("101", "103")
    caller, agent, _ = await answered(stage, office)
    await agent.hold()
    asked = await (await stage.phone("101")).call("103")
    third = await taken(stage, "103")
    await talk(asked)
    await agent.join(asked)
    await agent.ended()
    await office.screens["101"].until("call", state="withdrawn")
    await moment(0.8)
    await caller.hang_up()
    await third.ended()
    [record] = await office.records()
    expected = {"owner": "103", "answered_by": ["101", "103"], "transfers": [["attended", "101", "103", "answered"]]}
    assert differences([record], [expected]) == []
    async with office.http["103"].get("calls") as answer:
        assert [call["id"] for call in (await answer.json())["items"]] == [record["id"]]


async def test_a_click_rings_the_own_phone_then_the_client(stage: Stage, office: Office) -> None:
    await office.seats("101")
    async with office.http["101"].post("calls", json={"to": "8 (921) 123-45-67"}) as answer:
        assert answer.status == 202, await answer.text()
        begun = await answer.json()
    own = await taken(stage, "101")
    away = await stage.away("89211234567")
    await away.answer()
    await office.screens["101"].until("call", state="talking")
    await moment(0.5)
    await own.hang_up()
    [record] = await office.records()
    expected = {"id": begun["id"], "direction": "outbound", "dialed": IVAN, "outcome": "answered", "owner": "101"}
    assert differences([record], [expected]) == []


async def test_a_link_lost_during_calls_leaves_nothing_stuck_lost_or_double(stage: Stage, office: Office) -> None:
    await office.seats("101", "102", "103")
    kept, own, _ = await answered(stage, office)
    gone = await stage.outside("69")
    rung = [await (await stage.phone(extension)).rings() for extension in ("101", "102")]
    await office.screens["102"].card()
    office.line.cut()
    await until("the link is seen as lost", office.out_of_sight)
    await gone.hang_up()
    for call in rung:
        await call.ended()
    began = await (await stage.phone("103")).call("102")
    await taken(stage, "102")
    await talk(began)
    office.line.mend()
    await office.house.connected()
    await office.screens["102"].until("call", state="talking")
    await began.hang_up()
    await kept.hang_up()
    await own.ended()
    records = await office.records(2)
    assert [(record["owner"], record["ended_by"], record["complete"]) for record in records] == [
        ("101", "caller", True),
        (None, "lost", False),
    ]
    async with office.http["103"].get("calls") as answer:
        [internal] = (await answer.json())["items"]
    assert (internal["direction"], internal["owner"], internal["outcome"]) == ("internal", "102", "answered")
    assert internal["complete"] is False
    for extension in ("101", "102", "103"):
        await until(f"{extension} is idle", partial(office.is_idle, extension))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_restart_of_the_pbx_in_mid_call_closes_its_record(
    pbx: Asterisk, stage: Stage, office: Office, how: signal.Signals
) -> None:
    await office.seats("101")
    _, _, call_id = await answered(stage, office)
    await pbx.again(how)
    await office.screens["101"].until("call", state="ended")
    [record] = await office.records()
    assert (record["id"], record["ended_by"], record["owner"]) == (call_id, "restart", "101")
    await office.house.connected()
    caller, _, _ = await answered(stage, office)
    await caller.hang_up()
    assert len(await office.records(2)) == 2


async def test_a_ringing_phone_is_answered_from_the_screen(stage: Stage, office: Office) -> None:
    await office.seats("101")
    caller = await stage.outside("67")
    await (await stage.phone("101")).rings()
    call, _ = await office.screens["101"].card()
    async with office.http["101"].post(f"calls/{call['id']}/answer", json={}) as answer:
        assert answer.status == 200, await answer.text()
    await caller.answered()
    await office.screens["101"].until("call", state="talking")
    async with office.http["101"].post(f"calls/{call['id']}/hangup", json={}) as answer:
        assert answer.status == 200, await answer.text()
    await caller.ended()
    [record] = await office.records()
    assert (record["owner"], record["ended_by"]) == ("101", "callee")
