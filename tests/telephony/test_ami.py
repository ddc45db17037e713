"""The link to a PBX: what it survives, what it says aloud, and what it never does twice."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import pytest

from config.settings import Pbx
from telephony.actions import NotSendable
from telephony.ami import AmiLink, Timing, asterisk_version, retries
from telephony.session import LinkDown
from telephony.stream import Message
from tests.fakes.asterisk import FakeAsterisk, Heard, fake_asterisk, listing, spoken, success

QUICK = Timing(
    connect=2, answer=2, listing=2, boot=0.05, ping=0.05, retry_first=0.01, retry_last=0.05, refused=(0.02, 0.02)
)
CALM = Timing(connect=2, answer=2, listing=2, boot=0.05, ping=60, retry_first=0.01, retry_last=0.05)


class Notebook:
    """Writes down everything the link tells, in order."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.story: list[str] = []
        self.stumbles_over = ""

    def hear(self, message: Message, read_at: float) -> None:
        assert read_at > 0
        if message.get("Event") == self.stumbles_over:
            raise RuntimeError("a bug in a handler")
        self.messages.append(message)

    def resync_began(self) -> None:
        self.story.append("asking")

    def resync_ended(self, at: datetime, version: str) -> None:
        self.story.append(f"up {version}")

    def lost(self, at: datetime, reason: str) -> None:
        self.story.append(f"lost: {reason}")

    def away(self, at: datetime, reason: str) -> None:
        self.story.append(f"away: {reason}")

    def names(self, event: str) -> list[str]:
        return [message.get("Name", "") for message in self.messages if message.get("Event") == event]


def pbx(port: int, secret: str = "right") -> Pbx:
    return Pbx.model_validate(
        {"name": "main", "port": port, "username": "switchroom", "secret": secret, "trunks": ["PJSIP/trunk*"]}
    )


async def until(true: Callable[[], object]) -> None:
    """Wait for something to become true; fail the test when it does not."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.002)


@asynccontextmanager
async def linked(
    asterisk: FakeAsterisk, timing: Timing = CALM, *, secret: str = "right", up: bool = True
) -> AsyncIterator[tuple[AmiLink, Notebook]]:
    notebook = Notebook()
    link = AmiLink(pbx(asterisk.port, secret), notebook, wanted=frozenset({"Hangup", "Trouble"}), timing=timing)
    running = asyncio.create_task(link.run())
    try:
        if up:
            await until(lambda: link.status.state == "up")
        yield link, notebook
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def hangup(name: str) -> bytes:
    return spoken(Event="Hangup", Name=name)


async def test_it_asks_how_things_stand_and_is_then_up() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, notebook):
        assert notebook.story == ["asking", "up 22.10.1"]
        asked = [action["Action"] for action in asterisk.heard]
        assert asked.index("Login") < asked.index("CoreShowChannels") < asked.index("ExtensionStateList")
        assert {"CoreShowChannelsComplete", "QueueStatusComplete"} <= {
            message.get("Event") for message in notebook.messages
        }
        assert link.status.version == "22.10.1"


async def test_it_waits_for_the_pbx_to_be_booted_but_not_for_ever() -> None:
    async with fake_asterisk(FakeAsterisk(boots=False)) as asterisk, linked(asterisk) as (_, notebook):
        assert notebook.story == ["asking", "up 22.10.1"]


async def test_a_letter_cut_between_two_reads_arrives_whole() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (_, notebook):
        whole = hangup("Иванова Анна")
        for byte in whole:
            asterisk.say(bytes([byte]))
            await asyncio.sleep(0)
        await until(lambda: notebook.names("Hangup"))
        assert notebook.names("Hangup") == ["Иванова Анна"]


async def test_events_are_handed_over_in_the_order_they_came() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (_, notebook):
        asterisk.say(*(hangup(str(n)) for n in range(2000)))
        await until(lambda: len(notebook.names("Hangup")) == 2000)
        assert notebook.names("Hangup") == [str(n) for n in range(2000)]


async def test_a_refused_log_in_is_told_and_not_tried_for_ever() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk, QUICK, secret="wrong", up=False) as (link, notebook):
        await until(lambda: len(asterisk.heard_actions("Login")) == 3 and link.status.state == "refused")
        await asyncio.sleep(0.2)
        assert len(asterisk.heard_actions("Login")) == 3
        assert link.status.reason == "Authentication failed"
        assert notebook.story == ["away: Authentication failed"]
        asterisk.secret = "wrong"
        link.retry()
        await until(lambda: link.status.state == "up")


async def test_a_frozen_pbx_is_noticed_and_left() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk, QUICK) as (link, notebook):
        asterisk.frozen = True
        await until(lambda: "lost: the PBX does not answer" in notebook.story)
        asterisk.frozen = False
        await until(lambda: link.status.state == "up")


async def test_it_comes_back_after_every_break_and_asks_again() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, notebook):
        for again in range(1, 4):
            asterisk.hang_up_on_everybody()
            await until(lambda: asterisk.log_ins == again + 1 and link.status.state == "up")  # noqa: B023
        assert [told.split(":")[0] for told in notebook.story] == ["asking", "up 22.10.1", "lost"] * 3 + [
            "asking",
            "up 22.10.1",
        ]


async def test_a_pbx_that_is_away_at_first_is_found_when_it_comes() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    asterisk = FakeAsterisk(port=port)
    async with linked(asterisk, up=False) as (link, notebook):
        await until(lambda: link.status.state == "lost")
        assert link.status.reason == "nothing listens at that address and port"
        await asyncio.sleep(0.5)
        assert notebook.story == ["away: nothing listens at that address and port"], "told once, tried again quietly"
        async with fake_asterisk(asterisk):
            await until(lambda: link.status.state == "up")


async def test_no_action_is_ever_sent_again_after_a_reconnect() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, _):
        asterisk.answers["Originate"] = lambda _: None
        originating = asyncio.create_task(link.ask({"Action": "Originate", "Channel": "PJSIP/101"}))
        await until(lambda: asterisk.heard_actions("Originate"))
        asterisk.hang_up_on_everybody()
        with pytest.raises(LinkDown):
            await originating
        await until(lambda: link.status.state == "up" and asterisk.log_ins == 2)
        await link.ask({"Action": "Ping"})
        assert len(asterisk.heard_actions("Originate")) == 1


async def test_an_action_without_a_link_fails_at_once() -> None:
    asterisk = FakeAsterisk(port=1)
    async with linked(asterisk, up=False) as (link, _):
        with pytest.raises(LinkDown):
            await link.ask({"Action": "Originate", "Channel": "PJSIP/101"})


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, _):
        asterisk.answers["Originate"] = lambda _: None
        with pytest.raises(TimeoutError):
            await link.ask({"Action": "Originate"}, patience=0.02)
        assert (await link.ask({"Action": "Ping"}))[0]["Ping"] == "Pong"


async def test_an_answer_is_known_by_its_action_whatever_comes_first() -> None:
    def early_event(action: Heard) -> bytes:
        return spoken(Event="QueueMemberPause", ActionID=action["ActionID"]) + success(action)

    def refusal(action: Heard) -> bytes:
        return spoken(Response="Error", ActionID=action["ActionID"], Message="Permission denied")

    async with fake_asterisk() as asterisk, linked(asterisk) as (link, _):
        asterisk.answers |= {
            "QueuePause": early_event,
            "SIPpeers": refusal,
            "Empty": lambda action: listing(action),
            "Full": lambda action: listing(action, hangup("a"), hangup("b")),
        }
        pause, peers, empty, full = await asyncio.gather(
            *(link.ask({"Action": name}) for name in ("QueuePause", "SIPpeers", "Empty", "Full"))
        )
        assert pause[0]["Response"] == "Success"
        assert [answer["Message"] for answer in peers] == ["Permission denied"]
        assert [answer.get("Event") for answer in empty] == [None, "EmptyComplete"]
        assert [answer.get("Name") for answer in full] == [None, "a", "b", None]


async def test_a_handler_that_fails_costs_its_message_and_not_the_link() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (_, notebook):
        notebook.stumbles_over = "Trouble"
        asterisk.say(hangup("before"), spoken(Event="Trouble"), hangup("after"))
        await until(lambda: len(notebook.names("Hangup")) == 2)
        assert asterisk.log_ins == 1


async def test_a_message_without_end_garbage_and_strange_events_do_not_end_the_link() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (_, notebook):
        asterisk.say(b"Event: Hangup\r\nName: ", b"x" * 10_000_000, b"\r\n\r\n")
        asterisk.say(b"\x00\xff<html>\r\n\r\n", b"half a message\r\n\r\n")
        asterisk.say(*(b"Event: Odd%d\r\n\r\n" % n for n in range(10_000)), hangup("after"))
        await until(lambda: notebook.names("Hangup"))
        assert notebook.names("Hangup") == ["after"]
        assert asterisk.log_ins == 1


@pytest.mark.parametrize("bad", ["x\r\nApplication: System", "x\nAction: Command", "x\0", "x\r"])
async def test_a_line_break_never_becomes_a_second_action(bad: str) -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, _):
        before = len(asterisk.lines)
        with pytest.raises(NotSendable):
            await link.ask({"Action": "Originate", "CallerID": bad})
        await link.ask({"Action": "Marker"})
        assert asterisk.lines[before] == b"Action: Marker\r\n"


async def test_the_pbxs_clock_is_measured() -> None:
    an_hour_ahead = FakeAsterisk(clock=time.time() + 3600)
    async with fake_asterisk(an_hour_ahead) as asterisk, linked(asterisk) as (link, _):
        await until(lambda: link.status.clock_offset is not None)
        assert link.status.clock_offset == pytest.approx(3600, abs=30)


async def test_what_the_pbx_does_not_let_us_ask_is_remembered_and_does_no_harm() -> None:
    def refusal(action: Heard) -> bytes:
        return spoken(Response="Error", ActionID=action["ActionID"], Message="Permission denied")

    asterisk = FakeAsterisk(answers={"QueueStatus": refusal, "Filter": refusal})
    async with fake_asterisk(asterisk), linked(asterisk) as (link, _):
        assert link.status.denied == ("QueueStatus",)
        assert len(asterisk.heard_actions("Filter")) == 1


async def test_a_dead_peer_is_noticed_by_the_kernel_too() -> None:
    async with fake_asterisk() as asterisk, linked(asterisk) as (link, _):
        session = link._session
        assert session is not None
        assert session.protocol is not None
        connection = session.protocol.transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000


def test_waits_double_up_to_the_last_and_differ_by_chance() -> None:
    most, least = retries(Timing(), chance=lambda: 1.0), retries(Timing(), chance=lambda: 0.0)
    assert [round(next(most), 3) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [round(next(least), 3) for _ in range(2)] == [0.05, 0.1]


def test_the_version_is_read_from_what_asterisks_call_themselves() -> None:
    assert asterisk_version("22.10.1+dfsg+~cs6.17") == "22.10.1"
    assert asterisk_version("certified/18.9-cert1") == "18.9"
    assert asterisk_version("GIT-master") == ""


async def test_what_was_heard_on_a_link_that_broke_before_its_resync_has_to_be_doubted() -> None:
    asterisk = FakeAsterisk(boots=False)
    asterisk.answers["ListCommands"] = lambda _: None
    async with fake_asterisk(asterisk), linked(asterisk, up=False) as (link, notebook):
        await until(lambda: asterisk.heard_actions("ListCommands"))
        asterisk.say(spoken(Event="Hangup", Name="seen"))
        await until(lambda: notebook.names("Hangup"))
        del asterisk.answers["ListCommands"]
        asterisk.hang_up_on_everybody()
        await until(lambda: link.status.state == "up")
    assert [told.partition(":")[0] for told in notebook.story] == ["lost", "asking", "up 22.10.1"]
