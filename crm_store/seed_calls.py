"""Made-up calls for the made-up client base."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from crm_store import seed_words as words
from domain.calls import call_id

DISPOSITIONS = ("solved", "order", "consultation", "callback", "complaint", None)
OURS = "+74951234500"


@dataclass(frozen=True, slots=True)
class Called:
    """Who called whom, when."""

    client: UUID
    number: str
    at: datetime
    extension: str
    place: int


def call_rows(called: Called, random: Random) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The rows of `call` and `call_leg` of one call."""
    inbound = random.random() < 0.7
    rang = round(random.uniform(2, 25), 2)
    talked = round(random.uniform(15, 420), 2) if random.random() < 0.9 else 0.0
    answered = called.at + timedelta(seconds=rang) if talked else None
    ended = called.at + timedelta(seconds=rang + talked)
    linkedid = f"{called.at.timestamp():.0f}.{called.place}"
    outcome = "answered" if talked else random.choice(("abandoned", "no_answer") if inbound else ("no_answer", "busy"))
    queue = random.choice(("sales", "support", None)) if inbound else None
    if queue is None and outcome == "abandoned":
        outcome = "cancelled"
    owner = called.extension if talked else None
    caller = (called.number, "", None, "PJSIP/provider") if inbound else (
        (called.extension, "", called.extension, f"PJSIP/{called.extension}")
    )  # fmt: skip
    note = random.choice(words.CALL_NOTES) if talked else ""
    identity = UUID(call_id("main", linkedid))
    call = (
        *(identity, "main", linkedid, "inbound" if inbound else "outbound"),
        *caller,
        *(OURS if inbound else called.number, called.number, queue, [queue] if queue else [], called.client),
        *(called.at, answered, ended, rang, rang if queue else 0.0, talked, outcome),
        *([called.extension] if talked and inbound else [], owner, [called.extension]),
        *(random.choice(("caller", "callee")), random.choice(DISPOSITIONS) if talked else None, note),
    )
    result = "answered" if talked else ("cancelled" if inbound else outcome)
    leg = (
        *(identity, 1, called.extension if inbound else None),
        *(f"PJSIP/{called.extension}" if inbound else "PJSIP/provider", None if inbound else called.number),
        *(called.at + timedelta(seconds=0.2), answered, ended, result),
    )
    return call, leg
