"""Real browsers' connections to the real live gateway."""

import asyncio
import json
import socket
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect

from crm_store.cards import Card
from domain.events import UserChanged
from domain.rights import Scope
from tests.screenpop.house import PATIENT, Browser, House, house
from tests.screenpop.scene import ANNA, NOON, answered, ended, inbound, news, phone, queue, ringing, story, user

OLGA, IVAN = user("olga", extension="101"), user("ivan", extension="102")
CHIEF = user("chief", "supervisor")
CLIENT = {
    "id": "c1",
    "name": "Anna",
    "responsible": None,
    "team": None,
    "responsible_name": None,
    "responsible_extension": None,
    "team_name": None,
}
KNOWN = Card(number=ANNA, match="exact", client=CLIENT)


async def test_a_page_is_greeted_with_who_it_is_and_what_is_going_on() -> None:
    async with house(OLGA) as centre, centre.enters(OLGA) as page:
        hello = await page.next()
        assert hello["type"] == "hello"
        assert hello["user"] == {
            "id": "u-olga",
            "login": "olga",
            "name": "Olga",
            "role": "agent",
            "extension": "101",
            "language": "ru",
            "time_zone": "Europe/Moscow",
        }
        assert {"server_time", "version", "epoch", "seq", "at"} <= hello.keys()
        snapshot = await page.next()
        assert snapshot["type"] == "snapshot"
        assert {"calls", "presence", "queues", "tasks", "campaign"} <= snapshot.keys()


async def test_a_ringing_phone_pops_the_clients_card_for_its_agent_only() -> None:
    async with house(OLGA, IVAN, CHIEF, anna=KNOWN) as centre, Crowd(centre, [OLGA, IVAN, CHIEF]) as pages:
        olga, ivan, chief = pages
        rings = ringing(inbound(), "101")
        await centre.on(news(rings), phone("101", "ringing", ANNA))
        pop = await olga.next("call")
        assert (pop["state"], pop["card"]["client"]["name"]) == ("ringing", "Anna")
        seen = await chief.next("call")
        assert (seen["call"]["id"], "card" in seen) == (rings.id, False)
        told = await ivan.next()
        assert told["type"] == "presence", "the first he hears is the phone's state, nothing of the call"
        assert told["peer"] is None


async def test_every_tab_of_an_agent_gets_the_card() -> None:
    async with house(OLGA, anna=KNOWN) as centre, centre.enters(OLGA) as first, centre.enters(OLGA) as second:
        for page in (first, second):
            await page.opened()
        await centre.on(news(ringing(inbound(), "101")))
        assert (await first.next("call"))["card"] == (await second.next("call"))["card"]


async def test_fifty_phones_give_fifty_pops_from_one_look_up_and_forty_nine_withdrawals() -> None:
    agents = [user(f"agent{number}", extension=str(number)) for number in range(101, 151)]
    async with house(*agents, anna=KNOWN) as centre, Crowd(centre, agents) as pages:
        rings = inbound()
        for count in range(1, 51):
            after = ringing(rings, *(agent.extension or "" for agent in agents[:count]))
            await centre.on(news(after, rings))
            rings = after
        pops = [await page.next("call") for page in pages]
        assert all(pop["card"]["client"]["name"] == "Anna" for pop in pops)
        assert centre.look_ups == [ANNA]
        await centre.on(news(answered(rings, "101"), rings))
        assert (await pages[0].next("call"))["state"] == "talking"
        states = [(await page.next("call"))["state"] for page in pages[1:]]
        assert states == ["withdrawn"] * 49


async def test_pops_go_on_with_what_is_known_while_the_database_is_away() -> None:
    async with house(OLGA, anna=KNOWN) as centre, centre.enters(OLGA) as page:
        await page.opened()
        first = ringing(inbound(1), "101")
        await centre.on(news(first))
        assert (await page.next("call"))["card"]["client"]["name"] == "Anna"
        await centre.on(news(ended(first), first))
        assert (await page.next("call"))["state"] == "ended"
        centre.away = True
        await centre.on(news(ringing(inbound(2), "101")))
        assert (await page.next("call"))["card"]["client"]["name"] == "Anna"
        await centre.on(news(ringing(inbound(3, caller="+78120000000"), "101")))
        card = (await page.next("call"))["card"]
        assert (card["number"], card["match"], card["away"]) == ("+78120000000", "none", True)


async def test_a_slow_database_costs_the_pop_its_card_but_not_the_number_and_the_card_follows() -> None:
    async with house(OLGA, patience=0.01, anna=KNOWN) as centre, centre.enters(OLGA) as page:
        await page.opened()
        centre.stalled = asyncio.Event()
        await centre.on(news(ringing(inbound(), "101")))
        light = (await page.next("call"))["card"]
        assert (light["number"], light["client"], light["pending"]) == (ANNA, None, True)
        centre.stalled.set()
        assert (await page.next("call"))["card"]["client"]["name"] == "Anna"


async def test_why_no_pop_says_what_was_matched_sent_and_shown() -> None:
    async with house(OLGA, anna=KNOWN) as centre:
        await centre.on(news(ringing(inbound(1), "101")))
        async with centre.enters(OLGA) as page:
            await page.opened()
            rings = ringing(inbound(2), "101")
            await centre.on(news(rings))
            while (await page.next("call"))["call"]["id"] != rings.id:
                pass
            [sent, unheard] = centre.screenpop.pops.of(OLGA)
            assert (unheard["reason"], unheard["sent_at"]) == ("not_connected", None)
            assert (sent["reason"], sent["match"], sent["client_id"]) == ("not_painted", "exact", "c1")
            await page.say(type="shown", call=rings.id)
            await page.say(type="subscribe", topics=["presence:1"])
            await centre.on(phone("1", "idle"))
            await page.next("presence")
            [shown, _] = centre.screenpop.pops.of(OLGA)
            assert (shown["reason"], shown["source"]) == ("", "database")
            assert shown["shown_at"] is not None
            assert shown["latency_ms"] >= 0


async def test_a_page_hears_the_queues_it_asked_for_with_their_present_state_first() -> None:
    async with house(OLGA) as centre, centre.enters(OLGA) as page:
        await page.opened()
        await centre.on(queue("sales", 1), queue("help", 9))
        await page.say(type="subscribe", topics=["presence", "queue:sales"])
        first = await page.next("queue")
        assert (first["queue"], first["waiting"]) == ("sales", 1)
        await centre.on(queue("help", 8), queue("sales", 2))
        told = await page.next("queue")
        while told["waiting"] == 1:
            told = await page.next("queue")
        assert (told["queue"], told["waiting"]) == ("sales", 2)


async def test_the_gateway_says_regularly_that_it_is_there() -> None:
    async with house(OLGA) as centre, centre.enters(OLGA) as page:
        await page.opened()
        ping = await page.next("ping")
        assert isinstance(ping["latency_ms"], float)


# --- coming back -----------------------------------------------------------------------------------------------


def came_back(page: Browser) -> str:
    return f"?epoch={page.screen.epoch}&since={page.screen.seq}"


async def test_who_was_cut_off_gets_what_he_missed_and_ends_up_equal() -> None:
    async with house(OLGA, anna=KNOWN) as centre, centre.enters(OLGA) as stays:
        await stays.opened()
        async with centre.enters(OLGA) as cut:
            await cut.opened()
        rings = ringing(inbound(), "101")
        await centre.on(phone("101", "ringing", ANNA), *story(rings, answered(rings, "101")))
        while (await stays.next("call", "presence"))["type"] != "presence":
            pass
        async with centre.enters(OLGA, came_back(cut)) as back:
            back.screen = cut.screen
            assert (await back.next())["type"] == "hello"
            while back.screen.seq < stays.screen.seq:
                assert (await back.next("snapshot", "call", "presence"))["type"] != "snapshot"
            assert (back.screen.calls, back.screen.presence) == (stays.screen.calls, stays.screen.presence)
            assert len(back.screen.calls) == 1


@pytest.mark.parametrize("query", ["?epoch=another&since=1", "?epoch={epoch}&since=999999", "?epoch={epoch}&since=x"])
async def test_who_comes_back_with_a_memory_of_something_else_gets_a_snapshot(query: str) -> None:
    async with house(OLGA) as centre, centre.enters(OLGA) as stays:
        await stays.opened()
        async with centre.enters(OLGA, query.format(epoch=stays.screen.epoch)) as back:
            await back.opened()


async def test_who_comes_back_with_other_rights_gets_a_snapshot_of_what_he_may_see_now() -> None:
    async with house(OLGA) as centre:
        async with centre.enters(OLGA) as page:
            await page.opened()
            centre.change_role(OLGA, role="supervisor")
            await centre.on(UserChanged(at=NOON, user_id=OLGA.user_id, signed_out=False))
            assert (await page.closed())[0] == 1012
        async with centre.enters(OLGA, came_back(page)) as back:
            await back.opened()


# --- who is let in, and who is let go -----------------------------------------------------------------------


async def refused(centre: House, who: Scope | None, query: str = "", **headers: str) -> tuple[int | None, str]:
    async with centre.enters(who, query, **headers) as page:
        return await page.closed()


async def test_without_a_session_nobody_is_let_in() -> None:
    async with house(OLGA) as centre:
        for headers in ({}, {"Authorization": "Bearer stolen"}, {"Cookie": "switchroom_8080=old"}):
            assert await refused(centre, None, **headers) == (4001, "log in first")


async def test_the_cookie_of_this_port_the_header_and_a_ticket_open_the_feed_and_a_ticket_does_so_once() -> None:
    async with house(OLGA) as centre:
        centre.tickets["t1"] = "token-olga"
        async with centre.enters(None, Cookie="theme=dark; switchroom_8080=token-olga") as page:
            await page.opened()
        async with centre.enters(None, "?ticket=t1") as page:
            await page.opened()
        assert (await refused(centre, None, "?ticket=t1"))[0] == 4001
        assert (await refused(centre, None, Cookie="switchroom_9090=token-olga"))[0] == 4001


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("https://evil.example", 4003),
        ("null", 4003),
        ("http://127.0.0.1:3000", 4003),
        ("https://crm.example.org.evil.example", 4003),
        ("http://[", 4003),
    ],
)
async def test_a_page_of_somebody_else_is_refused(origin: str, code: int) -> None:
    async with house(OLGA) as centre:
        headers = {"Origin": origin, "Authorization": "Bearer token-olga"}
        assert (await refused(centre, None, **headers))[0] == code


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "https://crm.example.org"])
async def test_our_own_pages_are_let_in(origin: str) -> None:
    headers = {"Origin": origin, "Authorization": "Bearer token-olga"}
    async with house(OLGA) as centre, centre.enters(None, **headers) as page:
        await page.opened()


async def test_a_signed_out_user_is_let_go_at_once_and_others_stay() -> None:
    async with house(OLGA, IVAN) as centre, centre.enters(OLGA) as olga, centre.enters(IVAN) as ivan:
        await olga.opened()
        await ivan.opened()
        del centre.sessions["token-olga"]
        await centre.on(UserChanged(at=NOON, user_id=OLGA.user_id, signed_out=True))
        assert (await olga.closed())[0] == 4001
        await centre.on(news(ringing(inbound(), "102")))
        assert (await ivan.next("call"))["state"] == "ringing"


async def test_while_the_database_is_away_a_page_is_asked_to_come_again() -> None:
    async with house(OLGA) as centre:
        centre.away = True
        assert (await refused(centre, OLGA))[0] == 1013


@pytest.mark.parametrize(
    "junk",
    [
        "not json",
        '{"type":"call"}',
        '{"type":"shown"}',
        '{"type":"subscribe","topics":[1]}',
        "[]",
        b"\x00\x01",
        "x" * 1_000_000,
        "x" * 1_048_576,
        '{"type":"shown","call":"' + "x" * 1_000_000 + '"}',
        "[" * 100_000,
    ],
    ids=lambda junk: f"{junk[:12]!r}…{len(junk)}",
)
async def test_junk_closes_its_own_connection_and_nobody_elses(junk: str | bytes) -> None:
    async with house(OLGA, IVAN) as centre, centre.enters(OLGA) as olga, centre.enters(IVAN) as ivan:
        await olga.opened()
        await ivan.opened()
        await olga.socket.send(junk)
        code, reason = await olga.closed()
        assert (code, bool(reason)) == (4009, True)
        await centre.on(news(ringing(inbound(), "102")))
        assert (await ivan.next("call"))["state"] == "ringing"


async def test_who_stops_reading_is_let_go_and_the_others_miss_nothing() -> None:
    async with house(OLGA, IVAN) as centre, centre.enters(IVAN) as ivan:
        await ivan.opened()
        lazy = await stopped_reader(centre, OLGA)
        names, rounds = [f"{number}-{'x' * 1000}" for number in range(300)], 0
        while len(centre.screenpop.gateway.open_links()) == 2:
            rounds += 1
            for name in names:
                await centre.on(phone(name, "idle" if rounds % 2 else "busy"))
            centre.screenpop.tick_now()
            for _ in names:
                await ivan.next("presence")
        await centre.on(news(ringing(inbound(), "102")))
        assert (await ivan.next("call"))["state"] == "ringing"
        assert (await drained(lazy))[-1:] == b"g", "the reason is the last thing it could have read"
        lazy.close()


async def test_a_page_that_closes_while_something_is_told_takes_nothing_from_the_others() -> None:
    async with house(OLGA, IVAN) as centre, centre.enters(IVAN) as ivan:
        await ivan.opened()
        gateway = centre.screenpop.gateway
        async with centre.enters(OLGA) as olga:
            await olga.opened()
            [leaving] = [link for link in gateway.open_links() if link.scope == OLGA]
            leaving.pipe.write_eof()  # type: ignore[attr-defined] # what the library does first, before we know
            await centre.on(phone("101", "idle"), phone("102", "busy"))
            centre.screenpop.tick_now()
            assert [(await ivan.next("presence"))["extension"] for _ in range(2)] == ["101", "102"]
            await centre.on(news(ringing(inbound(), "102")))
            assert (await ivan.next("call"))["state"] == "ringing"


async def stopped_reader(centre: House, who: Scope) -> socket.socket:
    """A browser that shook hands and never reads again."""
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(lazy, ("127.0.0.1", centre.port))
    lines = ["GET /live HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    await loop.sock_sendall(lazy, "\r\n".join([*lines, f"Authorization: Bearer token-{who.login}", "", ""]).encode())
    assert (await loop.sock_recv(lazy, 1024)).startswith(b"HTTP/1.1 101")
    return lazy


async def drained(lazy: socket.socket) -> bytes:
    loop, last = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENT):
        while data := await loop.sock_recv(lazy, 1 << 20):
            last = data
    return last


class Crowd:
    """Many pages, opened together."""

    def __init__(self, centre: House, people: list[Scope], query: str = "") -> None:
        self._centre, self._people, self._query = centre, people, query
        self._sockets: list[Any] = []

    async def __aenter__(self) -> list[Browser]:
        self._sockets = await asyncio.gather(*(self._open(scope) for scope in self._people))
        pages = [Browser(each) for each in self._sockets]
        await asyncio.gather(*(page.opened() for page in pages))
        return pages

    async def _open(self, scope: Scope) -> Any:
        headers = {"Authorization": f"Bearer token-{scope.login}"}
        url = f"ws://127.0.0.1:{self._centre.port}/live{self._query}"
        return await connect(url, additional_headers=headers, compression=None, open_timeout=PATIENT)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(each.close() for each in self._sockets))


async def test_a_herd_that_comes_back_is_restored_and_hears_the_next_call() -> None:
    agents = [user(f"agent{number}", extension=str(number)) for number in range(1000, 1200)]
    async with house(*agents) as centre:
        for agent in agents:
            await centre.on(phone(agent.extension or "", "idle"))
        async with Crowd(centre, agents) as pages:
            assert all(len(page.screen.presence) == 200 for page in pages)
        async with Crowd(centre, agents) as pages:
            await centre.on(news(ringing(inbound(), "1199")))
            assert (await pages[-1].next("call"))["state"] == "ringing"


async def test_text_that_is_no_utf8_reaches_the_page_as_text() -> None:
    async with house(OLGA) as centre, centre.enters(OLGA) as page:
        await page.opened()
        call = inbound()
        caller = replace(call.caller, name="<b>Иван\udcff' or 1=1 \U0001f600" + "x" * 300)
        await centre.on(news(replace(ringing(call, "101"), caller=caller)))
        name = (await page.next("call"))["call"]["caller"]["name"]
        assert name.startswith("<b>Иван\ufffd' or 1=1 \U0001f600")


async def test_what_is_no_handshake_is_answered_as_plain_http() -> None:
    async with house() as centre:
        for path, status, part in (
            ("/healthz", 200, json.dumps({"status": "ok"})),
            ("/metrics", 200, "switchroom_pop_seconds"),
            ("/", 404, "/live"),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", centre.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = (await reader.read()).decode()
            assert answer.startswith(f"HTTP/1.1 {status}")
            assert part in answer
            writer.close()
