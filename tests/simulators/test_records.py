"""The tracker reads the simulator exactly as it reads a real PBX: the stories give the records they should."""

from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Pbx
from domain.calls import Call
from domain.events import CallEnded, PresenceChanged
from domain.phone import to_phone
from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.scenarios import CUSTOMER, OTHER, STORIES, record
from telephony.exchange import HEARD, Exchange
from telephony.stream import AmiStream

PBX = Pbx(
    name="main",
    host="127.0.0.1",
    port=5038,
    username="switchroom",
    secret="switchroom",
    trunks=("PJSIP/provider*",),
    context="from-internal",
)
FROM_CUSTOMER = {"direction": "inbound", "number": CUSTOMER}
TALKED_TO_101 = FROM_CUSTOMER | {"outcome": "answered", "answered_by": ("101",), "owner": "101"}
MISSED = FROM_CUSTOMER | {"answered_by": (), "owner": None, "talk_seconds": 0.0}
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "answered": [
        TALKED_TO_101 | {"name": "Иван Петров", "ring_seconds": 2.0, "talk_seconds": 5.0, "ended_by": "caller"}
    ],
    "agent_hangs_up": [TALKED_TO_101 | {"ended_by": "callee"}],
    "withheld_number": [TALKED_TO_101 | {"number": None}],
    "cancelled": [MISSED | {"outcome": "cancelled", "legs": [("101", "cancelled")]}],
    "no_answer": [MISSED | {"outcome": "no_answer", "legs": [("101", "no_answer")]}],
    "busy": [MISSED | {"outcome": "busy", "legs": [("101", "busy")]}],
    "rejected": [MISSED | {"outcome": "busy", "cause": "rejected"}],
    "queue_second_member": [
        FROM_CUSTOMER
        | {"queue": "sales", "outcome": "answered", "owner": "102", "wait_seconds": 18.0}
        | {"legs": [("101", "no_answer"), ("102", "answered")]}
    ],
    "queue_abandoned": [MISSED | {"queue": "sales", "outcome": "abandoned", "wait_seconds": 5.0}],
    "queue_ring_all": [
        FROM_CUSTOMER
        | {"queue": "support", "owner": "105"}
        | {"legs": [("104", "cancelled"), ("105", "answered"), ("106", "cancelled")]}
    ],
    "ring_group": [
        FROM_CUSTOMER | {"legs": [("107", "cancelled"), ("108", "answered"), ("109", "cancelled")], "owner": "108"}
    ],
    "menu_then_queue": [TALKED_TO_101 | {"queue": "sales", "wait_seconds": 2.0}],
    "internal": [{"direction": "internal", "caller": "104", "dialed": "105", "answered_by": ("105",)}],
    "outbound": [
        {"direction": "outbound", "caller": "101", "dialed": CUSTOMER, "outcome": "answered"}
        | {"owner": "101", "talk_seconds": 5.0, "ended_by": "callee"}
    ],
    "outbound_busy": [{"direction": "outbound", "dialed": CUSTOMER, "outcome": "busy"}],
    "click_to_call": [
        {"direction": "outbound", "caller": "101", "dialed": CUSTOMER, "outcome": "answered"}
        | {"owner": "101", "ring_seconds": 3.0, "talk_seconds": 3.0}
    ],
    "click_to_call_unanswered": [{"outcome": "failed", "cause": "agent_no_answer", "owner": None, "dialed": CUSTOMER}],
    "hold": [TALKED_TO_101 | {"hold_seconds": 3.0, "talk_seconds": 8.0}],
    "blind_transfer": [
        FROM_CUSTOMER | {"answered_by": ("101", "103"), "transfers": [("blind", "101", "103", "answered")]}
    ],
    "blind_transfer_unanswered": [TALKED_TO_101 | {"transfers": [("blind", "101", "103", "no_answer")]}],
    "attended_transfer": [
        FROM_CUSTOMER | {"answered_by": ("101", "103"), "transfers": [("attended", "101", "103", "answered")]}
    ],
    "attended_transfer_by_pbx": [
        FROM_CUSTOMER | {"answered_by": ("101", "103"), "transfers": [("attended", "101", "103", "answered")]}
    ],
    "consultation_taken_back": [TALKED_TO_101 | {"transfers": []}],
    "pickup": [{"caller": "102", "dialed": "101", "legs": [("101", "cancelled"), ("103", "answered")]}],
    "parked": [FROM_CUSTOMER | {"answered_by": ("101", "102"), "parked": [("101", "102")]}],
    "two_calls_at_once": [MISSED | {"number": OTHER, "outcome": "cancelled"}, TALKED_TO_101],
    "unknown_number": [{"caller": "101", "dialed": "199", "outcome": "failed", "cause": "unallocated"}],
    "voicemail": [MISSED | {"outcome": "no_answer", "voicemail": True}],
}


def told(stream: bytes) -> list[Any]:
    exchange = Exchange(PBX, lambda typed: to_phone(typed, "RU", "495"))
    news = [item for message in AmiStream(HEARD).receive(stream) for item in exchange.receive(message)]
    assert exchange.calls() == ()
    return [*news, *exchange.finish()]


def shown(call: Call) -> dict[str, Any]:
    return {
        "direction": call.direction,
        "number": call.caller.number,
        "name": call.caller.name,
        "caller": call.caller.extension,
        "dialed": call.dialed,
        "queue": call.queue,
        "outcome": call.outcome,
        "cause": call.cause,
        "answered_by": call.answered_by,
        "owner": call.owner,
        "ring_seconds": call.ring_seconds,
        "wait_seconds": call.wait_seconds,
        "talk_seconds": call.talk_seconds,
        "hold_seconds": call.hold_seconds,
        "ended_by": call.ended_by,
        "legs": [(leg.extension, leg.result) for leg in call.legs],
        "transfers": [(transfer.kind, transfer.by, transfer.to, transfer.result) for transfer in call.transfers],
        "parked": [(parking.by, parking.by_whom) for parking in call.parked],
        "voicemail": call.voicemail,
    }


@pytest.mark.parametrize("noise", [False, True], ids=["quiet", "noisy"])
@pytest.mark.parametrize("story", STORIES)
def test_a_story_gives_its_record(story: str, noise: bool) -> None:
    pbx = SimulatedPbx(started=datetime(2026, 11, 22, tzinfo=UTC), voicemail=("112",), noise=noise)
    ended = {item.call.id: item.call for item in told(record(story, pbx)) if isinstance(item, CallEnded)}
    expected = EXPECTED[story]
    assert [
        {key: shown(call)[key] for key in facts} for call, facts in zip(ended.values(), expected, strict=True)
    ] == expected


def test_a_phone_is_seen_ringing_talking_holding_and_idle_again() -> None:
    pbx = SimulatedPbx(started=datetime(2026, 11, 22, tzinfo=UTC))
    changes = [item.after for item in told(record("hold", pbx)) if isinstance(item, PresenceChanged)]
    states = [change.state for change in changes if change.extension == "101"]
    assert states == ["ringing", "talking", "hold", "talking", "idle"]
