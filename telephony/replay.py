"""Recorded AMI streams through the very tracker that runs live: no network, no clock, no database.

The same bytes give the same lines, every time.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.settings import Pbx, Settings
from domain.calls import Call, CallState
from domain.events import CallChanged, CallEnded, CallMerged, News, PresenceChanged, QueueChanged
from domain.phone import to_phone
from domain.problems import Invalid
from domain.record import instant, record
from telephony.announce import EPOCH
from telephony.exchange import HEARD_IN_REPLAY, Exchange
from telephony.stream import AmiStream

READ = 1 << 16


def records(files: Sequence[Path], settings: Settings, pbx_name: str | None = None) -> Iterator[dict[str, Any]]:
    """One call record (contract, section 4) for each call in the streams, oldest first.

    Several files are one PBX with a reconnect at each. Calls still up at the end have `ended_at` None.
    Raises `Invalid` where the settings have no such PBX, `OSError` where a file cannot be read.
    """
    exchange = _exchange(settings, pbx_name)
    ended = {news.call.id: news.call for news in _news(files, exchange) if isinstance(news, CallEnded)}
    calls = [*ended.values(), *exchange.calls()]
    yield from map(record, sorted(calls, key=_age))


def feed(files: Sequence[Path], settings: Settings, pbx_name: str | None = None) -> Iterator[dict[str, Any]]:
    """The live events (contract, section 5) in order: the supervisor's view (`to` None), then each extension's."""
    exchange = _exchange(settings, pbx_name)
    for sequence, event in enumerate(_events(_news(files, exchange)), start=1):
        yield {"seq": sequence} | event


def _exchange(settings: Settings, pbx_name: str | None) -> Exchange:
    pbx = _chosen(settings, pbx_name)

    def number(typed: str | None) -> str | None:
        return to_phone(typed, settings.country, settings.area_code)

    return Exchange(pbx, number)


def _chosen(settings: Settings, pbx_name: str | None) -> Pbx:
    names = [pbx.name for pbx in settings.pbx]
    for pbx in settings.pbx:
        if pbx_name is None or pbx.name == pbx_name:
            return pbx
    if not names:
        raise Invalid("The settings name no PBX: add a [[pbx]] section with its trunks and extensions.")
    detail = "The settings have no PBX named {name}, only: {names}."
    raise Invalid(detail, {"name": pbx_name, "names": ", ".join(names)})


def _news(files: Sequence[Path], exchange: Exchange) -> Iterator[News]:
    for index, file in enumerate(files):
        if index:
            yield from exchange.lost(exchange.clock, "reconnect")
        stream = AmiStream(HEARD_IN_REPLAY)
        with file.open("rb") as recording:
            while data := recording.read(READ):
                for message in stream.receive(data):
                    yield from exchange.receive(message)
            for message in stream.receive(b"\r\n\r\n"):
                yield from exchange.receive(message)
    yield from exchange.finish()


def _age(call: Call) -> tuple[datetime, str, int, int]:
    epoch, _, sequence = call.linkedid.rpartition("-")[2].partition(".")
    numbers = [int(part) if part.isascii() and part.isdigit() else 0 for part in (epoch[:20], sequence[:20])]
    return call.started_at or datetime.fromtimestamp(0, UTC), call.pbx, numbers[0], numbers[1]


def _events(news: Iterator[News]) -> Iterator[dict[str, Any]]:
    for item in news:
        at = instant(item.at) if item.at != EPOCH else None
        match item:
            case CallChanged():
                yield from _call_events(item, at)
            case CallMerged():
                for extension in (None, *_concerned(item.call)):
                    yield _told(item.call, "merged", extension, at) | {"into": item.into}
            case PresenceChanged():
                after = item.after
                yield {
                    "at": at,
                    "type": "presence",
                    "extension": after.extension,
                    "state": after.state,
                    "since": instant(after.since),
                    "peer": after.peer,
                    "user": None,
                    "user_state": None,
                    "reason": None,
                }
            case QueueChanged():
                yield _queue_event(item, at)
            case _:
                pass


def _call_events(change: CallChanged, at: str | None) -> Iterator[dict[str, Any]]:
    before, after = change.before, change.after
    yield _told(after, after.state, None, at)
    now: dict[str, CallState] = {party.extension: party.state for party in after.parties}
    earlier = {party.extension for party in before.parties} if before is not None else set()
    gone: CallState = "ended" if after.state == "ended" else "withdrawn"
    for extension in sorted(now.keys() | earlier):
        yield _told(after, now.get(extension, gone), extension, at)


def _told(call: Call, state: CallState, to: str | None, at: str | None) -> dict[str, Any]:
    """One user's event (`to`: his extension), or a supervisor's (None). A recording can not be acted on."""
    told = {**record(call), "state": state, "actions": []}
    return {"at": at, "type": "call", "call": told, "state": state, "actions": [], "to": to}


def _concerned(call: Call) -> list[str]:
    extensions = {leg.extension for leg in call.legs} | {call.caller.extension}
    return sorted(extension for extension in extensions if extension is not None)


def _queue_event(change: QueueChanged, at: str | None) -> dict[str, Any]:
    queue = change.queue
    waited = (change.at - queue.longest_since).total_seconds() if queue.longest_since is not None else 0.0
    return {
        "at": at,
        "type": "queue",
        "queue": queue.name,
        "waiting": queue.waiting,
        "longest_wait": round(waited, 2),
        "service_level": queue.service_level,
        "members": [
            {"extension": m.extension, "name": m.name, "paused": m.paused, "reason": m.reason} for m in queue.members
        ],
    }
