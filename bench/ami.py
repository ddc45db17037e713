"""AMI in: our protocol inside panoramisk's session against stock panoramisk, and with the call tracker behind it.

CPU time on one core, in one process, through the protocols' own `data_received`: the twelve whole recordings
of an Asterisk 22 in `tests/traces`, with every event it sends, repeated with fresh ids. What they have to be a
multiple of is measured beside them: how many events a real Asterisk 22 sends on this machine when it can do no more.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from bench.asterisk import limit
from bench.table import Row
from config.settings import Pbx
from domain.phone import to_phone
from switchroom.garbage import spare_what_stays
from telephony.exchange import HEARD, Exchange
from telephony.session import Protocol, Session
from telephony.stream import Message

TRACES = Path(__file__).parents[1] / "tests" / "traces"
REPETITIONS = 7
ROUNDS = 12
"""How often all recordings are read in one repetition."""

READ = 65536
NAMES = (
    *("Newchannel", "Newstate", "Hangup", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hold", "Unhold"),
    *("QueueCallerJoin", "QueueCallerLeave", "AttendedTransfer", "BlindTransfer"),
    *("DeviceStateChange", "ExtensionStatus"),
)
"""The fifteen subscriptions."""

_UNIQUEID = re.compile(rb"lab22-(?=\d)")


class Nowhere(asyncio.Transport):
    """A transport that leads nowhere: only reading is measured."""

    def write(self, data: Any) -> None:
        """Forget it."""

    def is_closing(self) -> bool:
        """Never."""
        return False

    def abort(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def recordings(rounds: int = ROUNDS) -> list[bytes]:
    """All recordings, `rounds` times, each time as other calls, in reads of 64 kB."""
    traces = [path.read_bytes().partition(b"\r\n")[2] for path in sorted(TRACES.glob("[a-o]*_*.ami"))]
    whole = b"".join(
        _UNIQUEID.sub(b"lab%d-" % (round_ * 100 + number), trace)
        for round_ in range(rounds)
        for number, trace in enumerate(traces)
    )
    return [whole[at : at + READ] for at in range(0, len(whole), READ)]


def _seconds(read: Callable[[bytes], None], reads: list[bytes]) -> float:
    began = time.process_time()
    for data in reads:
        read(data)
    return time.process_time() - began


class Quiet(Manager):
    """Stock, but for reconnecting after the recordings' own goodbyes."""

    def connection_lost(self, exc: object) -> None:
        """There was no connection."""


def stock() -> Callable[[bytes], None]:
    """panoramisk as it comes, with fifteen subscriptions."""
    manager = Quiet(loop=asyncio.get_running_loop())
    for name in NAMES:
        manager.register_event(name, lambda manager, event: None)
    protocol = AMIProtocol()
    protocol.connection_made(Nowhere())
    protocol.factory, protocol.encoding = manager, "utf8"  # pyright: ignore[reportAttributeAccessIssue]
    return protocol.data_received


def ours(wanted: frozenset[str], hear: Callable[[Message, float], None]) -> Callable[[bytes], None]:
    """The same session with our protocol in it."""
    session = Session(name="bench", host="127.0.0.1", port=5038, username="", secret="", hear=hear, wanted=wanted)
    protocol = Protocol(session)
    protocol.connection_made(Nowhere())
    session.protocol = protocol
    return protocol.data_received


def tracked() -> Callable[[bytes], None]:
    """Link and tracker: from bytes to news."""
    pbx = Pbx.model_validate({"name": "main", "username": "x", "secret": "x", "trunks": ["PJSIP/trunk*"]})
    exchange = Exchange(pbx, lambda typed: to_phone(typed, "RU", "495"))
    return ours(HEARD, lambda message, read_at: exchange.receive(message, read_at) and None)


def _rates(reads: list[bytes], messages: int) -> Iterator[tuple[float, float, float]]:
    """Messages a second of all three, one after the other, again and again."""
    for _ in range(REPETITIONS):
        yield (
            messages / _seconds(stock(), reads),
            messages / _seconds(ours(frozenset(NAMES), lambda message, read_at: None), reads),
            messages / _seconds(tracked(), reads),
        )


async def run() -> list[Row]:
    """The two figures of the AMI link."""
    reads = recordings()
    spare_what_stays()  # as the server runs; stock panoramisk gains by it, too
    messages = sum(data.count(b"\r\n\r\n") for data in reads)
    rates = zip(*_rates(reads, messages), strict=True)
    panoramisk, link, tracker = (statistics.median(rate) for rate in rates)
    asterisk = await limit()
    return [
        Row(
            what="AMI events through the link, one core",
            ours=link,
            peer=panoramisk,
            unit="events/s",
            peer_name="stock panoramisk, 15 subscriptions",
            goal="≥ 5 ×",
            reached=link >= 5 * panoramisk,
        ),
        Row(
            what="AMI events through link and tracker, one core",
            ours=tracker,
            peer=asterisk,
            unit="events/s",
            peer_name="one Asterisk 22 at its own limit",
            goal="≥ 10 ×",
            reached=tracker >= 10 * asterisk,
        ),
    ]
