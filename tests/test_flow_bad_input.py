"""What must not harm a whole server: garbage from the PBX, strange names, rude pages, wrong use of the command."""

import itertools
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crm_store.database import Database
from domain.events import PresenceChanged
from domain.presence import PhoneState, Presence
from switchroom.simulators.pbx import SimulatedPbx
from tests.fakes.line import CuttableLine, cuttable
from tests.processes import command, free_ports, serve, written
from tests.whole import ANNA, House, Screen, SimulatedHouse, house_for, settings_for, simulated, until

END = b"\r\n\r\n"


@pytest.fixture
async def house(database: Database, data_dir: Path) -> AsyncIterator[SimulatedHouse]:
    async with rude_line(data_dir) as (house, _):
        yield house


@asynccontextmanager
async def rude_line(data_dir: Path) -> AsyncIterator[tuple[SimulatedHouse, CuttableLine]]:
    """A whole server, and the line to its PBX, on which anything may be said."""
    pbx = SimulatedPbx(seed=1)
    async with AsyncExitStack() as doors:
        line = await doors.enter_async_context(cuttable(*await doors.enter_async_context(pbx.serve())))
        house = await doors.enter_async_context(house_for(settings_for(data_dir, simulated(*line.address))))
        yield SimulatedHouse(house.server, house.doors, pbx), line


async def figures(house: House) -> dict[str, float]:
    """The server's figures, as Prometheus reads them."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{house.server.web_port}/metrics") as page:
        lines = [line for line in (await page.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


# --- the PBX's port -----------------------------------------------------------------------------------------------

MANY = b"".join(b"Event: Strange%d\r\nFoo: bar\r\n\r\n" % number for number in range(10_000))
DROPPED = 'switchroom_ami_dropped_total{pbx="main",why="%s"}'
RUDE = {
    "binary garbage": ([bytes(range(256)) * 40 + END] * 3, DROPPED % "garbage", 3, "not AMI"),
    "an HTTP server": (
        [b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html" + END, b"<html>\r\n</html>" + END],
        DROPPED % "garbage",
        2,
        "not AMI",
    ),
    "half a message": (
        [b"Event: Newchannel\r\nChannel: PJSIP/prov" + END, b"ed\xd0" + END],
        DROPPED % "garbage",
        1,
        "not AMI",
    ),
    "a header of 10 MB": (
        [b"Event: Newchannel\r\nCallerIDName: ", *[b"x" * 1_000_000] * 10, END] * 2,
        DROPPED % "endless",
        2,
        "not AMI",
    ),
    "10,000 kinds of events": ([MANY, MANY], 'switchroom_ami_skipped_total{pbx="main"}', 20_000, "unknown kinds"),
}


@pytest.mark.parametrize("kind", RUDE)
async def test_what_is_no_ami_is_logged_once_counted_and_the_link_survives(
    database: Database, data_dir: Path, kind: str
) -> None:
    said, figure, count, words = RUDE[kind]
    with capture_logs() as log:
        async with rude_line(data_dir) as (house, line):
            await house.hires("101", "agent", "101")
            screen, _ = await house.opens_page("101")
            before = await figures(house)
            for data in said:
                await line.says(data)

            async def counted() -> bool:
                return (await figures(house)).get(figure, 0.0) - before.get(figure, 0.0) >= count

            await until(f"{count} counted", counted)
            house.pbx.incoming(ANNA, to="101")
            await screen.until("call", state="ringing")
            connections = 'switchroom_ami_connections_total{pbx="main"}'
            assert (await figures(house))[connections] == before[connections]
    complaints = [entry for entry in log if entry["log_level"] != "info"]
    assert [words in entry["event"] for entry in complaints] == [True]


async def test_a_link_that_breaks_within_a_message_reads_on_where_the_next_one_begins(
    database: Database, data_dir: Path
) -> None:
    async with rude_line(data_dir) as (house, line):
        await house.hires("101", "agent", "101")
        screen, _ = await house.opens_page("101")
        await line.says(b"Event: Newchannel\r\nChannel: PJSIP/prov")
        line.cut()
        line.mend()
        call = house.pbx.incoming(ANNA, to="101")
        await house.connected()
        assert (await screen.until("call", state="ringing"))["call"]["linkedid"] == call.linkedid


# --- the caller's name --------------------------------------------------------------------------------------------

NAMES: dict[str, tuple[str, str, bytes | None]] = {
    "HTML": ("<script>alert(1)</script><b>&amp;", "<script>alert(1)</script><b>&amp;", None),
    "SQL": ("'); drop table call; --", "'); drop table call; --", None),
    "line breaks": (r"Ann\r\nAction: Originate", "Ann\ufffd\ufffdAction: Originate", b"Ann\r\nAction: Originate"),
    "emoji": ("Анна 🙂👩‍💻", "Анна 🙂👩‍💻", None),
    "300 characters": ("Ы" * 300, "Ы" * 300, None),
    "broken UTF-8": ("Анн\udcd0\udcff", "Анн\ufffd\ufffd", "Анн".encode() + b"\xd0\xff"),
    "a zero byte": ("Ann\0a", "Ann\ufffda", b"Ann\0a"),
}


@pytest.mark.parametrize("kind", NAMES)
async def test_whatever_a_caller_is_called_is_shown_as_text_and_kept_as_it_came(
    house: SimulatedHouse, database: Database, kind: str
) -> None:
    sent, shown, kept = NAMES[kind]
    await house.hires("101", "agent", "101")
    screen, http = await house.opens_page("101")
    call = house.pbx.incoming(ANNA, to="101", name=sent)
    ringing = await screen.until("call", state="ringing")
    assert ringing["call"]["caller"]["name"] == shown
    call.hang_up()
    await screen.until("call", state="ended")
    path = f"calls/{ringing['call']['id']}"

    async def ended() -> dict[str, Any] | None:
        async with http.get(path) as answer:
            record = await answer.json() if answer.status == 200 else {}
        return record if record.get("ended_at") else None

    await until("the record is stored", ended)
    record = await ended()
    assert record is not None
    assert record["caller"]["name"] == shown
    row = await database.pool.fetchrow("select caller_name, originals from call")
    assert row["caller_name"] == shown
    originals = orjson.loads(row["originals"]) if row["originals"] else {}
    assert originals.get("caller.name") == (kept.hex() if kept else None)


# --- pages --------------------------------------------------------------------------------------------------------


async def why_closed(page: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server closes `page`."""
    with suppress(ConnectionClosed):
        async for _ in page:
            pass
    assert page.close_code is not None
    return page.close_code, page.close_reason or ""


@asynccontextmanager
async def rude_page(house: House, token: str, **how: Any) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": token}
    address = f"ws://127.0.0.1:{house.server.live_port}/live"
    async with connect(address, additional_headers=headers, max_size=None, **how) as page:
        yield page


@pytest.fixture
async def witness(house: SimulatedHouse) -> AsyncIterator[Screen]:
    """A page of somebody else, who must notice nothing: the next call pops there."""
    await house.hires("102", "agent", "102")
    screen, _ = await house.opens_page("102")
    yield screen
    house.pbx.incoming(ANNA, to="102")
    await screen.until("call", state="ringing")


@pytest.fixture
async def token(house: SimulatedHouse) -> str:
    await house.hires("101", "agent", "101")
    return (await house.logs_in("101")).headers["Authorization"]


@pytest.mark.parametrize("bad", ["", "Bearer ", "Bearer nonsense", "Basic MTAxOng=", "Bearer '; select 1"])
async def test_a_page_with_a_bad_token_is_closed_with_4001(house: SimulatedHouse, witness: Screen, bad: str) -> None:
    async with rude_page(house, bad) as page:
        code, reason = await why_closed(page)
    assert (code, bool(reason)) == (4001, True)


async def test_a_page_of_another_origin_is_closed_with_4003(house: SimulatedHouse, token: str, witness: Screen) -> None:
    async with rude_page(house, token, origin="https://evil.example") as page:
        code, reason = await why_closed(page)
    assert (code, bool(reason)) == (4003, True)


@pytest.mark.parametrize("junk", ["x" * 1_000_000, b"\xff" * 1_000_000], ids=["text", "binary"])
async def test_a_page_that_sends_a_megabyte_of_junk_is_closed_with_4009(
    house: SimulatedHouse, token: str, witness: Screen, junk: str | bytes
) -> None:
    async with rude_page(house, token) as page:
        await page.send(junk)
        code, reason = await why_closed(page)
    assert (code, bool(reason)) == (4009, True)


async def test_a_page_that_stops_reading_is_closed_with_4008(
    house: SimulatedHouse, token: str, witness: Screen
) -> None:
    screens = house.server.screenpop
    assert screens is not None
    states: itertools.cycle[PhoneState] = itertools.cycle(("busy", "idle"))
    async with rude_page(house, token, max_queue=1) as page:
        await page.recv()
        while len(screens.gateway.open_links()) == 2:
            tell_of_phones(house, 300, next(states))
            await witness.until("presence", extension=f"299-{LONG}")
        code, reason = await why_closed(page)
    assert (code, bool(reason)) == (4008, True)


LONG = "x" * 2000


def tell_of_phones(house: House, count: int, state: PhoneState) -> None:
    """So many phones with long names change their state."""
    at = datetime.now(UTC)
    for number in range(count):
        phone = Presence(extension=f"{number}-{LONG}", pbx="main", state=state, since=at)
        house.server.bus.publish(PresenceChanged(at=at, before=None, after=phone))


# --- the command --------------------------------------------------------------------------------------------------


async def test_wrong_settings_are_named_by_file_line_key_and_allowed_values(tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text('language = "fr"\n\n[web]\nport = 99999\ncolour = "red"\n')
    status, out, err = await command("serve", "--config", config)
    assert (status, out) == (2, "")
    faults = err.splitlines()
    assert len(faults) == 3
    for number, words in ((1, ("language", "ru", "en")), (4, ("web.port", "65535")), (5, ("web.colour", "public_url"))):
        [line] = [line for line in faults if f"{config}:{number}:" in line]
        assert all(word in line for word in words), line


async def test_what_is_not_toml_and_what_is_not_there_are_said_in_words(tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("data_dir = var\n")
    status, _, err = await command("serve", "--config", config)
    assert status == 2
    assert str(config) in err
    assert "line 1" in err
    status, _, err = await command("serve", "--config", tmp_path / "none.toml")
    assert status == 2
    assert "no such file" in err


async def test_a_part_of_the_roles_without_a_bus_is_wrong_use(tmp_path: Path) -> None:
    web, live = free_ports(2)
    config = written(tmp_path, tmp_path / "var", web=web, live=live)
    status, _, err = await command("serve", "--config", config, "--role", "pbx")
    assert status == 2
    assert "nats" in err
    status, _, err = await command("serve", "--config", config, "--role", "boss")
    assert status == 2
    assert "worker" in err


async def test_a_recording_that_is_not_there_fails(tmp_path: Path) -> None:
    web, live = free_ports(2)
    config = written(tmp_path, tmp_path / "var", simulated("127.0.0.1", 5038), web=web, live=live)
    status, out, err = await command("replay", tmp_path / "none.ami", "--config", config)
    assert (status, out) == (1, "")
    assert "none.ami" in err


async def test_a_taken_port_is_said_in_words(database: Database, data_dir: Path, house: House, tmp_path: Path) -> None:
    [live] = free_ports(1)
    config = written(tmp_path, data_dir, web=house.server.web_port, live=live)
    status, _, err = await command("serve", "--config", config)
    assert status == 1
    assert f"cannot listen on 127.0.0.1 port {house.server.web_port}" in err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_is_told_to_stop_ends_well(
    database: Database, data_dir: Path, tmp_path: Path, how: signal.Signals
) -> None:
    web, live = free_ports(2)
    async with serve(written(tmp_path, data_dir, web=web, live=live)) as server:
        assert await server.ends(how) == 0
    assert [entry["event"] for entry in server.log if entry.get("level") in ("error", "warning")] == []
