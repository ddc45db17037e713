"""A contact centre in a few words: users, calls as they go on, and a browser's memory of the feed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.calls import Call, Caller, CallState, Leg, Party, call_id
from domain.events import CallChanged, PresenceChanged, QueueChanged
from domain.presence import PhoneState, Presence, Queue
from domain.rights import Role, Scope

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANNA = "+79211234567"


def user(name: str, role: Role = "agent", extension: str | None = None) -> Scope:
    return Scope(user_id=f"u-{name}", login=name, name=name.title(), role=role, extension=extension, team="sales")


def inbound(number: int = 1, caller: str | None = ANNA) -> Call:
    linkedid = f"{number}.{number}"
    return Call(
        id=call_id("main", linkedid),
        pbx="main",
        linkedid=linkedid,
        direction="inbound",
        caller=Caller(number=caller, endpoint="PJSIP/provider"),
        dialed="+78123334455",
        started_at=NOON,
        state="waiting",
    )


def with_parties(call: Call, parties: Mapping[str, CallState], state: CallState) -> Call:
    rung = {leg.extension for leg in call.legs}
    legs = tuple(Leg(extension=ext, endpoint=f"PJSIP/{ext}", rang_at=NOON) for ext in parties if ext not in rung)
    told = tuple(Party(extension=extension, state=its) for extension, its in parties.items())
    return replace(call, parties=told, legs=call.legs + legs, state=state)


def ringing(call: Call, *extensions: str) -> Call:
    return with_parties(call, dict.fromkeys(extensions, "ringing"), "ringing")


def answered(call: Call, extension: str) -> Call:
    talking = with_parties(call, {extension: "talking"}, "talking")
    return replace(talking, answered_at=NOON + timedelta(seconds=3), answered_by=(*call.answered_by, extension))


def ended(call: Call) -> Call:
    outcome = "answered" if call.answered_by else "cancelled"
    return replace(call, parties=(), state="ended", ended_at=NOON + timedelta(seconds=40), outcome=outcome)


def news(after: Call, before: Call | None = None, read_at: float = 1.0) -> CallChanged:
    return CallChanged(at=NOON, before=before, after=after, read_at=read_at)


def story(*records: Call) -> list[CallChanged]:
    return [news(after, before) for before, after in zip((None, *records), records, strict=False)]


def phone(extension: str, state: PhoneState, peer: str | None = None) -> PresenceChanged:
    after = Presence(pbx="main", extension=extension, state=state, since=NOON, peer=peer)
    return PresenceChanged(at=NOON, before=None, after=after)


def queue(name: str, waiting: int) -> QueueChanged:
    return QueueChanged(at=NOON, queue=Queue(pbx="main", name=name, waiting=waiting))


@dataclass(slots=True)
class Screen:
    """What a page knows from the feed alone."""

    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    presence: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    queues: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    pops: list[str] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)
    seq: int = 0
    epoch: str = ""

    def read(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            assert event.get("seq", self.seq + 1) >= self.seq, "numbers only rise"
            self.seq = max(self.seq, event.get("seq", 0))
            self._read(event)

    def _read(self, event: Mapping[str, Any]) -> None:
        facts = {key: value for key, value in event.items() if key not in ("seq", "at", "type")}
        match event["type"]:
            case "hello":
                self.epoch = facts["epoch"]
            case "snapshot":
                self.calls = {call["id"]: call for call in facts["calls"]}
                self.presence = {(view["pbx"], view["extension"]): view for view in facts["presence"]}
                self.queues = {(view["pbx"], view["queue"]): view for view in facts["queues"]}
            case "presence":
                self.presence[facts["pbx"], facts["extension"]] = facts
            case "queue":
                self.queues[facts["pbx"], facts["queue"]] = facts
            case "call":
                self._read_call(facts)

    def _read_call(self, event: Mapping[str, Any]) -> None:
        call = event["call"]
        if event["state"] in ("ended", "withdrawn", "merged"):
            self.withdrawals += [call["id"]] if event["state"] == "withdrawn" else []
            self.calls.pop(call["id"], None)
            return
        known = self.calls.get(call["id"], {})
        card = {"card": event["card"]} if "card" in event else {"card": known["card"]} if "card" in known else {}
        self.pops += [call["id"]] if "card" in event and "card" not in known else []
        self.calls[call["id"]] = {**call, **(card if call["mine"] else {})}
