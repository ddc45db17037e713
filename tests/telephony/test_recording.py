"""Recordings: nothing secret in them, and a replay still tells the same story."""

import asyncio
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from config.reading import load
from telephony import replay
from telephony.recording import Recorder
from telephony.redaction import Redaction
from tests.fakes.asterisk import FakeAsterisk, fake_asterisk, spoken
from tests.telephony.test_ami import CALM, pbx, until

TRACES = Path(__file__).parents[1] / "traces"
CALL = {"Channel": "PJSIP/trunk-00000001", "Uniqueid": "1795.1", "Linkedid": "1795.1"}


def kept(*messages: bytes, anonymise: bool = False) -> str:
    return Redaction(anonymise=anonymise).receive(b"".join(messages), 1_795_345_088.5).decode()


def key(digit: str) -> bytes:
    return spoken(Event="DTMFBegin", Timestamp="1", **CALL, Digit=digit) + spoken(
        Event="DTMFEnd", Timestamp="1", **CALL, Digit=digit
    )


def digits(text: str) -> str:
    return "".join(re.findall(r"Event: DTMFEnd.*?Digit: (.)", text, re.DOTALL))


def test_keys_pressed_while_the_recording_is_paused_are_removed() -> None:
    text = kept(
        key("1"),
        spoken(Event="MixMonitorMute", Timestamp="1", **CALL, Direction="both", State="1"),
        *(key(digit) for digit in "4111"),
        spoken(Event="VarSet", Timestamp="1", **CALL, Variable="NUMBER", Value="4111"),
        spoken(Event="MixMonitorMute", Timestamp="1", **CALL, Direction="both", State="0"),
        key("2"),
    )
    assert digits(text) == "1XXXX2"
    assert "4111" not in text


def test_a_card_number_typed_without_a_pause_is_not_kept_either() -> None:
    text = kept(*(key(digit) for digit in "4111111111111111"))
    assert digits(text) == "4111" + "X" * 12
    assert "4111111111111111" not in kept(spoken(Event="VarSet", **CALL, Variable="X", Value="4111111111111111"))
    assert "89211234567" in kept(spoken(Event="VarSet", **CALL, Variable="X", Value="89211234567"))


def test_secrets_are_removed_and_their_names_stay() -> None:
    text = kept(
        spoken(Event="VarSet", **CALL, Variable="AMI_SECRET", Value="hunter2"),
        spoken(Event="Newchannel", **CALL, ChanVariable="USER_PASSWORD=hunter2"),
        spoken(Event="ChallengeResponseFailed", Challenge="hunter2", ResponseHash="hunter2"),
    )
    assert "hunter2" not in text
    assert "AMI_SECRET" in text
    assert "ChanVariable: USER_PASSWORD=" in text


def test_an_event_without_a_time_gets_one_and_the_others_keep_theirs() -> None:
    assert kept(spoken(Event="Hangup", Channel="x")).startswith("Event: Hangup\r\nTimestamp: 1795345088.500000\r\n")
    assert kept(spoken(Event="Hangup", Timestamp="7.0")) == "Event: Hangup\r\nTimestamp: 7.0\r\n\r\n"
    assert "Timestamp" not in kept(spoken(Response="Success", ActionID="1"))
    assert kept(spoken(Event="Hangup", Timestamp="7.0"), spoken(Event="Cdr")).endswith("\r\n\r\nEvent: Cdr\r\n\r\n")


def test_the_result_does_not_depend_on_the_reads() -> None:
    data = spoken(Event="Hangup", Name="Иван") + spoken(Response="Success")
    bytewise = Redaction()
    whole = Redaction().receive(data, 1.0)
    assert b"".join(bytewise.receive(bytes([byte]), 1.0) for byte in data) == whole


def test_one_number_in_all_its_forms_becomes_one_other_number() -> None:
    text = kept(
        spoken(Event="Newchannel", Timestamp="1", **CALL, CallerIDNum="+79211234567", CallerIDName="Ivan Petrov"),
        spoken(Event="VarSet", Timestamp="1", **CALL, Variable="CALLERID(all)", Value='"Ivan Petrov" <89211234567>'),
        spoken(Event="Newexten", Timestamp="1", AppData="Local/9211234567@out/n,20", Exten="101"),
        anonymise=True,
    )
    assert "234567" not in text
    assert "Petrov" not in text
    found = re.search(r"CallerIDNum: \+7921(\d{7})", text)
    assert found is not None
    assert f"<8921{found[1]}>" in text
    assert f"Local/921{found[1]}@out/n" in text
    assert "Exten: 101" in text
    assert "PJSIP/trunk-00000001" in text


@pytest.mark.parametrize("name", sorted(path.name for path in TRACES.glob("*.ami")))
def test_an_anonymised_recording_tells_the_same_story(name: str, tmp_path: Path) -> None:
    settings = load(TRACES / "replay.toml")
    data = (TRACES / name).read_bytes()
    plain, disguised = tmp_path / f"plain-{name}", tmp_path / name
    plain.write_bytes(Redaction().receive(data, 1_795_345_088.0))
    disguised.write_bytes(Redaction(anonymise=True).receive(data, 1_795_345_088.0))

    def story(path: Path) -> list[dict[str, object]]:
        free = ("dialed", "caller", "legs", "transfers")
        return [
            {key: value for key, value in record.items() if key not in free}
            | {"legs": [{**leg, "number": bool(leg["number"]), "forwarded_to": 0} for leg in record["legs"]]}
            for record in replay.records([path], settings, settings.pbx[0].name)
        ]

    assert story(disguised) == story(plain)
    assert b"+79211234567" not in disguised.read_bytes()


async def test_a_recording_begins_with_how_things_stand_and_goes_on_after_a_break() -> None:
    file = BytesIO()
    async with fake_asterisk(FakeAsterisk()) as asterisk:
        recorder = Recorder(pbx(asterisk.port), file, anonymise=False, timing=CALM)
        running = asyncio.create_task(recorder.run())
        await until(lambda: b"ExtensionStateListComplete" in file.getvalue())
        asterisk.say(spoken(Event="Hangup", Name="one"))
        await until(lambda: b"Name: one" in file.getvalue())
        asterisk.hang_up_on_everybody()
        await until(lambda: file.getvalue().count(b"ExtensionStateListComplete") == 2)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert b"right" not in file.getvalue()


async def test_who_records_is_told_once_that_the_pbx_cannot_be_reached(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(pbx(1), BytesIO(), anonymise=False, timing=CALM)
    running = asyncio.create_task(recorder.run())
    said = ""

    def told() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "no connection to 127.0.0.1:1 " in said

    await until(told)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert said.count("no connection") == 1
