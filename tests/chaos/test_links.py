"""Links that break at any byte, under traffic: the server ends up knowing what is true."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from crm_store.database import Database
from switchroom.simulators.pbx import SimulatedPbx
from tests.chaos.traffic import Traffic, traffic
from tests.fakes.line import cuttable
from tests.whole import House, SimulatedHouse, house_for, settings_for, simulated, simulated_house, until

pytestmark = pytest.mark.chaos
CUTS = 60


async def test_the_pbxs_link_is_cut_at_any_byte_and_the_state_is_the_pbxs_truth_each_time(
    database: Database, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.ami.retries", lambda _: itertools.cycle((0.02, 0.02, 0.5, 2.5)))
    random, pbx = Random(7), SimulatedPbx(seed=7)
    async with AsyncExitStack() as doors:
        line = await doors.enter_async_context(cuttable(*await doors.enter_async_context(pbx.serve())))
        house = await doors.enter_async_context(house_for(settings_for(data_dir, simulated(*line.address))))
        async with traffic(pbx) as calls:
            for cut in range(1, CUTS + 1):
                since = house.server.telephony.links()[0].since
                line.cut_after = random.randrange(20_000)

                async def back(since: datetime = since) -> bool:
                    [link] = house.server.telephony.links()
                    return link.state == "up" and link.since != since

                await until(f"back after cut {cut}", back)
                await _agrees(house, calls)
        await _agrees(house, calls)
        assert house.server.telephony.calls() == ()
        await _every_call_has_one_row(database, calls)


async def _agrees(house: House, calls: Traffic) -> None:
    """The server's live calls are the PBX's, and who talks is the same. Held at one moment, the link being quick."""

    def differences() -> dict[str, tuple[bool | None, bool | None]]:
        known = {call.id: any(p.state == "talking" for p in call.parties) for call in house.server.telephony.calls()}
        true = calls.live()
        return {name: (known.get(name), true.get(name)) for name in known | true if known.get(name) != true.get(name)}

    async def same() -> bool:
        return not differences()

    try:
        await until("server and PBX agree", same, patience=2.0)
    except AssertionError:
        live = {call.id: call for call in house.server.telephony.calls()}
        wrong = [(known, true, live.get(name)) for name, (known, true) in differences().items()]
        raise AssertionError(f"what the server knows, what is true, its call: {wrong}") from None


async def _every_call_has_one_row(database: Database, calls: Traffic) -> None:
    """Every call the server saw has ended; none is there twice, none that never was."""

    async def closed() -> bool:
        return await database.pool.fetchval("select count(*) from call where ended_at is null") == 0

    await until("every row is closed", closed)
    rows = [str(row["id"]) for row in await database.pool.fetch("select id from call")]
    assert len(rows) == len(set(rows))
    assert set(rows) <= calls.ids()
    per_linkedid = "select count(*) from (select from call group by pbx, linkedid having count(*) > 1) twice"
    assert await database.pool.fetchval(per_linkedid) == 0


# --- pages --------------------------------------------------------------------------------------------------------


class Page:
    """What an open page knows, however often it was cut off: calls and phones, as its desk would show them."""

    def __init__(self) -> None:
        self.epoch, self.since = "", 0
        self.calls: dict[str, dict[str, Any]] = {}
        self.phones: dict[str, dict[str, Any]] = {}

    def hears(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self.since = max(self.since, event["seq"])
            match event["type"]:
                case "hello":
                    self.epoch = event["epoch"]
                case "snapshot":
                    self.calls = {call["id"]: call for call in event["calls"]}
                    self.phones = {phone["extension"]: phone for phone in event["presence"]}
                case "call":
                    over = event["state"] in ("ended", "merged", "withdrawn")
                    self.calls.pop(event["call"]["id"], None)
                    if not over:
                        self.calls[event["call"]["id"]] = event["call"]
                case "presence":
                    self.phones[event["extension"]] = event
                case _:
                    pass

    def shows(self) -> tuple[dict[str, str], dict[str, tuple[str, str | None]]]:
        """The state of each call and each phone."""
        return (
            {name: call["state"] for name, call in self.calls.items()},
            {name: (phone["state"], phone["peer"]) for name, phone in self.phones.items()},
        )


async def test_pages_cut_off_at_any_moment_end_up_equal_to_a_fresh_one(database: Database, data_dir: Path) -> None:
    random = Random(11)
    async with simulated_house(data_dir, SimulatedPbx(seed=11)) as house:
        tokens = []
        for login, role, extension in (("101", "agent", "101"), ("104", "agent", "104"), ("boss", "supervisor", None)):
            await house.hires(login, role, extension)  # type: ignore[arg-type]
            tokens.append((await house.logs_in(login)).headers["Authorization"])
        pages = [Page() for _ in tokens]
        async with traffic(house.pbx):
            for _ in range(CUTS):
                await asyncio.gather(
                    *(
                        _listen(house, token, page, random.uniform(0, 0.4))
                        for token, page in zip(tokens, pages, strict=True)
                    )
                )
                await asyncio.sleep(random.uniform(0, 0.2))
            for token, page in zip(tokens, pages, strict=True):
                await _same_as_a_fresh_one(house, token, page)
        for token, page in zip(tokens, pages, strict=True):
            await _same_as_a_fresh_one(house, token, page)
            assert page.calls == {}


async def _listen(house: SimulatedHouse, token: str, page: Page, seconds: float) -> None:
    """Open the feed where the page left off, hear it for a while, and lose it without a word."""
    address = f"ws://127.0.0.1:{house.server.live_port}/live"
    if page.epoch:
        address += f"?epoch={page.epoch}&since={page.since}"
    async with connect(address, additional_headers={"Authorization": token}, max_size=None) as connection:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    page.hears(orjson.loads(await connection.recv()))
        except (TimeoutError, ConnectionClosed):
            connection.transport.abort()


async def _same_as_a_fresh_one(house: SimulatedHouse, token: str, page: Page) -> None:
    """The page comes back for good; what it shows is what a page shows that was never there."""

    async def same() -> bool:
        fresh = Page()
        await asyncio.gather(_listen(house, token, page, 0.6), _listen(house, token, fresh, 0.6))
        return page.shows() == fresh.shows()

    await until("the page shows what a fresh one shows", same)
