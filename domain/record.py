"""A call as the contract writes it (section 4): plain data for REST, the live feed, `replay` and webhooks."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from domain.calls import Call, Caller, Leg, Parking, Transfer


@lru_cache(maxsize=8192)
def instant(at: datetime | None) -> str | None:
    """`at` as ISO 8601 in UTC with milliseconds: "2026-11-22T14:05:00.250Z"; None stays None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record(call: Call) -> dict[str, Any]:
    """The call record, keys in the contract's order; durations in seconds rounded to 0.01."""
    return {
        "id": call.id,
        "pbx": call.pbx,
        "linkedid": call.linkedid,
        "direction": call.direction,
        "caller": _caller(call.caller),
        "dialed": call.dialed,
        "queue": call.queue,
        "queues": list(call.queues),
        "client_id": call.client_id,
        "started_at": instant(call.started_at),
        "answered_at": instant(call.answered_at),
        "ended_at": instant(call.ended_at),
        "ring_seconds": round(call.ring_seconds, 2),
        "wait_seconds": round(call.wait_seconds, 2),
        "talk_seconds": round(call.talk_seconds, 2),
        "hold_seconds": round(call.hold_seconds, 2),
        "outcome": call.outcome,
        "cause": call.cause,
        "answered_by": list(call.answered_by),
        "owner": call.owner,
        "legs": [_leg(leg) for leg in call.legs],
        "transfers": [_transfer(transfer) for transfer in call.transfers],
        "parked": [_parking(parking) for parking in call.parked],
        "conference": call.conference,
        "voicemail": call.voicemail,
        "ended_by": call.ended_by,
        "complete": call.complete,
        "disposition": call.disposition,
        "note": call.note,
        "recording": call.recording,
    }


def _caller(caller: Caller) -> dict[str, Any]:
    return {
        "number": caller.number,
        "name": caller.name,
        "extension": caller.extension,
        "endpoint": caller.endpoint,
    }


def _leg(leg: Leg) -> dict[str, Any]:
    plain = {
        "extension": leg.extension,
        "endpoint": leg.endpoint,
        "number": leg.number,
        "rang_at": instant(leg.rang_at),
        "answered_at": instant(leg.answered_at),
        "ended_at": instant(leg.ended_at),
        "result": leg.result,
    }
    return plain if leg.forwarded_to is None else {**plain, "forwarded_to": leg.forwarded_to}


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return {
        "kind": transfer.kind,
        "by": transfer.by,
        "to": transfer.to,
        "at": instant(transfer.at),
        "result": transfer.result,
    }


def _parking(parking: Parking) -> dict[str, Any]:
    return {
        "by": parking.by,
        "at": instant(parking.at),
        "until": instant(parking.until),
        "by_whom": parking.by_whom,
    }
