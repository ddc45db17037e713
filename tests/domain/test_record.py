from datetime import UTC, datetime, timedelta, timezone

from domain.calls import Call, Caller, Leg, call_id
from domain.record import instant, record

CONTRACT_KEYS = [
    "id",
    "pbx",
    "linkedid",
    "direction",
    "caller",
    "dialed",
    "queue",
    "queues",
    "client_id",
    "started_at",
    "answered_at",
    "ended_at",
    "ring_seconds",
    "wait_seconds",
    "talk_seconds",
    "hold_seconds",
    "outcome",
    "cause",
    "answered_by",
    "owner",
    "legs",
    "transfers",
    "parked",
    "conference",
    "voicemail",
    "ended_by",
    "complete",
    "disposition",
    "note",
    "recording",
]


def test_times_are_utc_with_milliseconds() -> None:
    noon = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=3)))
    assert instant(noon) == "2026-11-22T09:00:00.250Z"
    assert instant(None) is None


def test_a_record_has_every_field_of_the_contract_in_its_order() -> None:
    call = Call(
        id=call_id("main", "1.1"),
        pbx="main",
        linkedid="1.1",
        direction="inbound",
        caller=Caller(number="+79211234567", endpoint="PJSIP/provider"),
        legs=(Leg(extension="101", endpoint="PJSIP/101", rang_at=datetime(2026, 11, 22, tzinfo=UTC)),),
        ring_seconds=6.204999,
    )
    plain = record(call)
    assert list(plain) == CONTRACT_KEYS
    assert list(plain["legs"][0]) == ["extension", "endpoint", "number", "rang_at", "answered_at", "ended_at", "result"]
    assert plain["ring_seconds"] == 6.2
