"""The doctor: every usual mistake is named, with its remedy; a healthy PBX gets no complaint."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Pbx
from telephony.ami import FLOODS, HEARD_BY_LINK
from telephony.diagnosis import Seen, findings
from telephony.doctor import examine
from telephony.exchange import HEARD
from telephony.handles import HEARD as HEARD_TO_ACT
from tests.fakes.asterisk import FakeAsterisk, Heard, fake_asterisk, listing, spoken, success
from tests.telephony.test_ami import pbx

ALL = frozenset(
    {"Originate", "Redirect", "Hangup", "Atxfer", "Park", "PlayDTMF", "QueuePause", "CoreShowChannels"}
    | {"DeviceStateList", "MuteAudio", "MixMonitor", "PJSIPNotify"}
)
HEALTHY = Seen(
    version="22.10.1",
    booted_told=True,
    commands=ALL,
    probed=frozenset({"Newchannel", "Hangup", "OriginateResponse"}),
    hints=frozenset({"101", "102"}),
    devices=frozenset({"PJSIP/101", "PJSIP/102", "PJSIP/trunk"}),
    context_known=True,
    clock_offset=0.01,
)
PBX = pbx(5038)


def complaints(seen: Seen, at: Pbx = PBX) -> list[str]:
    return [str(finding) for finding in findings(at, seen) if finding.grade != "ok"]


def test_a_healthy_pbx_gets_no_complaint() -> None:
    assert complaints(HEALTHY) == []


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (replace(HEALTHY, unreachable="connection refused"), "cannot be reached: connection refused"),
        (replace(HEALTHY, unreachable="junk", banner=""), "is no Asterisk manager interface"),
        (replace(HEALTHY, refused="Authentication failed"), "refuses the log-in of switchroom: Authentication failed"),
        (replace(HEALTHY, version="13.38.3"), "13.38.3 is too old"),
        (replace(HEALTHY, version="24.0.0"), "24.0.0 is newer"),
        (replace(HEALTHY, version=""), "does not tell its version"),
        (replace(HEALTHY, commands=ALL - {"Originate"}), "lacks the right originate"),
        (replace(HEALTHY, commands=ALL - {"QueuePause"}), "lacks the right agent"),
        (replace(HEALTHY, commands=ALL - {"Redirect"}), "lacks the right call"),
        (replace(HEALTHY, commands=ALL - {"CoreShowChannels"}), "lacks the right reporting"),
        (replace(HEALTHY, commands=ALL - {"MuteAudio"}), "lacks the right system"),
        (replace(HEALTHY, commands=ALL - {"PJSIPNotify"}), "pjsip_notify.conf"),
        (replace(HEALTHY, probed=frozenset()), "Add call and agent to the account's read line"),
        (replace(HEALTHY, probed=frozenset({"Hangup"})), "filtered away: Newchannel"),
        (replace(HEALTHY, booted_told=False), "Add system to the account's read line"),
        (replace(HEALTHY, timed=False), "timestampevents = yes"),
        (replace(HEALTHY, clock_offset=-61.04), "clock is -61.0 s away"),
        (replace(HEALTHY, hints=frozenset()), "The dialplan has no hints"),
        (replace(HEALTHY, hints=frozenset({"101"})), "1 extensions have no hint: 102"),
        (replace(HEALTHY, devices=frozenset({"SIP/101", "SIP/102"})), "only SIP"),
        (replace(HEALTHY, devices=frozenset({"PJSIP/101", "PJSIP/102"})), "PJSIP/trunk* matches no endpoint"),
        (replace(HEALTHY, context_known=False), "no context from-internal"),
    ],
)
def test_every_usual_mistake_is_named_with_its_remedy(seen: Seen, says: str) -> None:
    told = complaints(seen)
    assert any(says in complaint for complaint in told), told


def test_without_trunks_every_call_would_look_internal() -> None:
    bare = PBX.model_copy(update={"trunks": ()})
    assert any("No trunk is named" in complaint for complaint in complaints(HEALTHY, bare))


def offer(action: Heard) -> bytes:
    return success(action, **dict.fromkeys(ALL | {"ListCommands"}, "Does it  (Priv: all)"))


def probe(action: Heard) -> bytes:
    channel = f"{action['Channel'].removesuffix('/n')}-00000001;1"
    told = [spoken(Event=event, Timestamp="1", Channel=channel) for event in ("Newchannel", "Hangup")]
    return success(action) + b"".join(told) + spoken(Event="OriginateResponse", Channel=action["Channel"])


def devices(action: Heard) -> bytes:
    names = ("PJSIP/101", "PJSIP/trunk", "Custom:DND101")
    return listing(action, *(spoken(Event="DeviceStateChange", Device=name) for name in names))


def hints(action: Heard) -> bytes:
    return listing(action, spoken(Event="ExtensionStatus", Exten="101", Hint="PJSIP/101"))


@asynccontextmanager
async def healthy_asterisk() -> AsyncIterator[FakeAsterisk]:
    async with fake_asterisk() as asterisk:
        asterisk.answers |= {
            "ListCommands": offer,
            "Originate": probe,
            "DeviceStateList": devices,
            "ExtensionStateList": hints,
        }
        yield asterisk


async def said(at: Pbx) -> list[str]:
    return [str(finding) for finding in await examine(at, patience=1.0) if finding.grade == "problem"]


async def test_a_visit_to_a_healthy_pbx_finds_nothing_wrong() -> None:
    async with healthy_asterisk() as asterisk:
        assert await said(pbx(asterisk.port)) == []


async def test_a_visit_with_a_wrong_secret_says_so() -> None:
    async with healthy_asterisk() as asterisk:
        [problem] = await said(pbx(asterisk.port, secret="wrong"))
        assert "refuses the log-in" in problem


async def test_a_visit_to_nobody_and_to_somebody_else_says_so() -> None:
    async def somebody_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(somebody_else, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert "is no Asterisk manager interface" in (await said(pbx(port)))[0]
    assert "cannot be reached" in (await said(pbx(port)))[0]


def test_the_account_we_ship_filters_nothing_that_is_needed() -> None:
    text = (Path(__file__).parents[2] / "config/asterisk/manager_custom.conf").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith(";")]
    assert len(lines) <= 10
    filters = [re.compile(line.partition("= !")[2]) for line in lines if line.startswith("eventfilter")]
    assert filters
    for event in HEARD | HEARD_TO_ACT | HEARD_BY_LINK:
        assert not any(hidden.search(f"Event: {event}\r\n") for hidden in filters), event
    for event in FLOODS:
        assert any(hidden.search(f"Event: {event}\r\n") for hidden in filters), event
