"""Every recording in tests/traces gives the records (and presence) that its line in expected*.jsonl says."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.reading import load
from telephony.replay import feed, records

TRACES = Path(__file__).parents[1] / "traces"
EXPECTED = [
    json.loads(line)
    for name in ("expected.jsonl", "expected_recorded.jsonl")
    for line in (TRACES / name).read_text(encoding="utf-8").splitlines()
]
TOLERANCE = 0.2
"""Seconds by which durations may differ from what the phones did."""


def recording(name: str) -> list[Path]:
    """The files of a recording: NAME.ami, or NAME.1.ami, NAME.2.ami with a reconnect between them."""
    return sorted(TRACES.glob(f"{name}.ami")) or sorted(TRACES.glob(f"{name}.[0-9].ami"))


def in_short(record: dict[str, Any]) -> dict[str, Any]:
    """A record as expected.jsonl writes it."""
    return record | {
        "caller_number": record["caller"]["number"],
        "caller_name": record["caller"]["name"],
        "caller_extension": record["caller"]["extension"],
        "legs": [[leg["extension"], leg["result"]] for leg in record["legs"]],
        "transfers": [[move["kind"], move["by"], move["to"], move["result"]] for move in record["transfers"]],
        "parked": [[stay["by"], stay["by_whom"]] for stay in record["parked"]],
    }


def agrees(told: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return abs(told - expected) <= TOLERANCE
    return told == expected


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected["trace"])
def test_a_recording_gives_the_records_it_should(expected: dict[str, Any]) -> None:
    settings = load(TRACES / expected.get("config", "replay.toml"))
    told = [in_short(record) for record in records(recording(expected["trace"]), settings)]
    assert len(told) == len(expected["records"])
    differences = [
        (index, name, value, record[name])
        for index, (record, wanted) in enumerate(zip(told, expected["records"], strict=True))
        for name, value in wanted.items()
        if not agrees(record[name], value)
    ]
    assert differences == []


@pytest.mark.parametrize("expected", [e for e in EXPECTED if "presence" in e], ids=lambda expected: expected["trace"])
def test_a_recording_shows_the_presence_it_should(expected: dict[str, Any]) -> None:
    shown: dict[str, list[str]] = {}
    settings = load(TRACES / expected.get("config", "replay.toml"))
    for event in feed(recording(expected["trace"]), settings):
        if event["type"] == "presence":
            states = shown.setdefault(event["extension"], [])
            if not states or states[-1] != event["state"]:
                states.append(event["state"])
    assert {extension: shown.get(extension) for extension in expected["presence"]} == expected["presence"]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected["trace"])
def test_a_replay_is_the_same_every_time(expected: dict[str, Any]) -> None:
    settings = load(TRACES / expected.get("config", "replay.toml"))
    files = recording(expected["trace"])
    assert json.dumps(list(feed(files, settings))) == json.dumps(list(feed(files, settings)))
    assert json.dumps(list(records(files, settings))) == json.dumps(list(records(files, settings)))


@pytest.mark.parametrize("trace", ["22_internal_answered", "22_hold_by_both", "22_inbound_through_local_channel"])
def test_who_hangs_up_first_is_told_that_the_call_ended_not_that_it_goes_on_without_him(trace: str) -> None:
    events = [event for event in feed(recording(trace), load(TRACES / "22.toml")) if event["type"] == "call"]
    last = {event["to"]: event["state"] for event in events}
    assert set(last.values()) == {"ended"}
    assert "withdrawn" not in {event["state"] for event in events}


@pytest.mark.parametrize("trace", ["16_attended_feature_code_no_answer_returns", "22_attended_refer"])
def test_no_call_is_left_on_the_screen_when_it_becomes_part_of_another(trace: str) -> None:
    settings = load(TRACES / f"{trace.partition('_')[0]}.toml")
    events = [event for event in feed(recording(trace), settings) if event["type"] == "call" and event["to"] is None]
    last = {event["call"]["id"]: event["state"] for event in events}
    assert sorted(last.values()) == ["ended", "merged"]
