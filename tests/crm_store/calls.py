"""Calls as the tracker would tell them, for the store's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.calls import Call, Caller, Leg, Transfer, call_id

AT = datetime(2026, 11, 20, 9, 0, 0, 250_000, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """A moment that many seconds into the day of these tests."""
    return AT + timedelta(seconds=seconds)


def ringing(number: str | None = "+79211234567", to: str = "101", name: str = "1", at: float = 0) -> Call:
    """An inbound call that rings `to`; `name` tells calls apart."""
    return Call(
        id=call_id("main", name),
        pbx="main",
        linkedid=name,
        direction="inbound",
        caller=Caller(number=number, name="Иван", endpoint="PJSIP/provider"),
        dialed="+78123334455",
        queue="sales",
        queues=("sales",),
        started_at=after(at),
        legs=(Leg(extension=to, endpoint=f"PJSIP/{to}", rang_at=after(at + 1)),),
        state="ringing",
    )


def answered(call: Call, talk: float = 41) -> Call:
    """The same call, answered by whom it rang and hung up by the caller."""
    assert call.started_at is not None
    start = call.started_at
    leg = call.legs[-1]
    up, end = start + timedelta(seconds=6), start + timedelta(seconds=6 + talk)
    return replace(
        call,
        answered_at=up,
        ended_at=end,
        ring_seconds=5.0,
        talk_seconds=talk,
        outcome="answered",
        answered_by=(leg.extension or "",),
        owner=leg.extension,
        legs=(*call.legs[:-1], replace(leg, answered_at=up, ended_at=end, result="answered")),
        ended_by="caller",
        state="ended",
    )


def missed(call: Call) -> Call:
    """The same call, given up by the caller while it waited."""
    assert call.started_at is not None
    end = call.started_at + timedelta(seconds=20)
    leg = replace(call.legs[-1], ended_at=end, result="cancelled")
    return replace(
        call, ended_at=end, outcome="abandoned", legs=(*call.legs[:-1], leg), ended_by="caller", state="ended"
    )


def transferred(call: Call, to: str) -> Call:
    """The same call with a blind transfer by whom it rang first."""
    by = call.legs[-1].extension
    return replace(
        call,
        transfers=(Transfer(kind="blind", by=by, to=to, at=after(30), result="answered"),),
        answered_by=(*call.answered_by, to),
        owner=to,
    )
