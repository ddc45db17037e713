"""The demo's traffic and the benchmark's load, and both over a real socket."""

import asyncio
from datetime import UTC, datetime

from switchroom.simulators.load import Load, LoadCall, LoadPlan
from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.traffic import RandomTraffic
from telephony.stream import AmiStream

CUSTOMERS = [("+79211234567", "Иван Петров"), ("+79031112233", "Ольга Сизова"), ("+74951112233", "ООО «Ромашка»")]
LOGIN = b"Action: Login\r\nActionID: 1\r\nUsername: switchroom\r\nSecret: switchroom\r\n\r\n"


def traffic(minutes: float) -> tuple[SimulatedPbx, list[dict[str, str]]]:
    pbx = SimulatedPbx(started=datetime(2026, 11, 22, tzinfo=UTC), manual=("101",))
    with pbx.recorded() as stream:
        RandomTraffic(pbx, 6.0, CUSTOMERS).start()
        for _ in range(round(minutes * 60)):
            pbx.wait(1)
    return pbx, AmiStream().receive(bytes(stream))


def test_the_first_known_customer_rings_the_agent_within_ten_seconds() -> None:
    _, messages = traffic(10 / 60)
    rung = next(message for message in messages if message.get("DestChannel", "").startswith("PJSIP/101-"))
    assert (rung["CallerIDNum"], rung["CallerIDName"]) == CUSTOMERS[0]


def test_the_agent_is_rung_again_and_again_and_colleagues_talk_meanwhile() -> None:
    _, messages = traffic(10)
    begun = [message["DestChannel"] for message in messages if message.get("Event") == "DialBegin"]
    mine = [channel for channel in begun if channel.startswith("PJSIP/101-")]
    assert 5 <= len(mine) <= 25
    answered = [message for message in messages if message.get("DialStatus") == "ANSWER"]
    assert len(answered) >= 10
    assert all(not message["DestChannel"].startswith("PJSIP/101-") for message in answered)


def test_traffic_is_the_same_every_time() -> None:
    assert traffic(3)[1] == traffic(3)[1]


def test_calls_of_the_traffic_end() -> None:
    pbx, _ = traffic(10)
    assert len(list(pbx.calls())) < 10


def test_a_load_writes_every_call_with_its_number_and_phone() -> None:
    plan = LoadPlan(rate=20, seconds=1, extensions=40)
    pbx = plan.pbx(started=datetime(2026, 11, 22, tzinfo=UTC))
    rung: list[LoadCall] = []
    with pbx.recorded() as stream:
        load = Load(pbx, plan, rung.append)
        load.start()
        pbx.wait(10)
    assert load.done
    messages = AmiStream().receive(bytes(stream))
    begun = {message["Linkedid"]: message for message in messages if message.get("Event") == "DialBegin"}
    assert len(rung) == len(begun) == 20
    for call in rung:
        assert begun[call.linkedid]["CallerIDNum"] == call.number
        assert begun[call.linkedid]["DestChannel"].startswith(f"PJSIP/{call.extension}-")
    gone = [message["Uniqueid"] for message in messages if message.get("Event") == "Hangup"]
    assert len(gone) == len(set(gone)) == 40
    assert 90 <= load.messages / load.calls <= 120


async def test_a_client_hears_a_call_over_a_socket_while_time_flows() -> None:
    pbx = SimulatedPbx(manual=("101",), speed=50.0)
    async with pbx.serve() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(LOGIN)
        await reader.readuntil(b"FullyBooted")
        pbx.phones["102"].habits.answers_after = 5.0
        pbx.phones["102"].habits.hangs_up_after = 10.0
        pbx.incoming("+79211234567", "102", "Иван")
        heard = await asyncio.wait_for(reader.readuntil(b"Event: Hangup"), 10)
        assert b"DialStatus: ANSWER" in heard
        writer.close()


async def test_who_is_cut_off_by_a_restart_is_let_in_again_afterwards() -> None:
    pbx = SimulatedPbx()
    async with pbx.serve() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        await reader.readline()
        pbx.restart(away=10.0)
        assert await reader.read() == b""
        writer.close()
        pbx.wait(10.0)
        reader, writer = await asyncio.open_connection(host, port)
        assert await reader.readline() == b"Asterisk Call Manager/11.0.0\r\n"
        writer.close()


async def test_a_client_that_does_not_read_is_hung_up_on() -> None:
    plan = LoadPlan(rate=2000, seconds=0.2, extensions=40)
    pbx = plan.pbx()
    async with pbx.serve() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(LOGIN)
        await asyncio.wait_for(pbx.logged_in.wait(), 10)
        Load(pbx, plan, lambda _: None).start()
        pbx.wait(5.0)
        assert pbx.sessions == [] or await asyncio.wait_for(_gone(pbx), 10)
        writer.close()
        del reader


async def _gone(pbx: SimulatedPbx) -> bool:
    """Let the sockets be served until the last client is gone."""
    while pbx.sessions:  # noqa: ASYNC110 - nothing tells that a socket was closed
        await asyncio.sleep(0.01)
    return True
