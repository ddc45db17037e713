"""Finding the client of a ringing call: one query a number, however many phones ring, and the last answers kept.

The database is asked every time, so that a card is never old; what it said last is shown only while it is away
or slow. What a user may see of an answer is cut out of it by rights (`crm_store.cards.Card.seen_by`).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog
from prometheus_client import Counter, Histogram

from crm_store.cards import Card
from domain.rights import Scope
from screenpop.lines import light_card

log = structlog.get_logger()
LOOK_UPS = Histogram(
    "switchroom_card_seconds",
    "Time to find the client of a number",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
FAILED = Counter("switchroom_card_failures", "Look-ups of a card that failed")

LookUp = Callable[[str], Awaitable[Card]]
Source = Literal["database", "kept", "none"]


@dataclass(frozen=True, slots=True)
class Found:
    """A card, and where it came from: `kept` from an earlier call, `none` where the database is away."""

    number: str
    card: Card | None
    source: Source

    def shape(self, scope: Scope) -> dict[str, Any]:
        """The contract's card as `scope` may see it; `away`: it is not known who calls, not even that nobody
        is known under that number."""
        if self.card is None:
            return {**light_card(self.number), "away": True}
        return self.card.seen_by(scope).shape(scope.language)


Tell = Callable[[Found], None]


class Cards:
    """Cards by number. `look_up` gives the card for everybody, and raises while the database is away."""

    def __init__(self, look_up: LookUp, *, keep: int = 20_000) -> None:
        self._look_up = look_up
        self._keep = keep
        self._kept: OrderedDict[str, Card] = OrderedDict()
        self._asked: dict[str, list[Tell]] = {}
        self.running: set[asyncio.Future[Card]] = set()
        """The look-ups that are not answered yet."""

    def ask(self, number: str, tell: Tell) -> None:
        """Tell what is found of `number`, in any case; one look-up for all who ask while it runs.

        No task waits for it: each turn of a busy loop that a card does not need is time saved.
        """
        if (asked := self._asked.get(number)) is not None:
            asked.append(tell)
            return
        self._asked[number] = [tell]
        began = time.perf_counter()
        looking = asyncio.ensure_future(self._look_up(number))
        self.running.add(looking)
        looking.add_done_callback(partial(self._answered, number, began))

    def kept(self, number: str) -> Found | None:
        """What was found the last time."""
        card = self._kept.get(number)
        return Found(number, card, "kept") if card is not None else None

    def forget(self, numbers: Iterable[str]) -> None:
        """The client of these numbers changed."""
        for number in numbers:
            self._kept.pop(number, None)

    def _answered(self, number: str, began: float, looking: "asyncio.Future[Card]") -> None:
        self.running.discard(looking)
        tells = self._asked.pop(number)
        if looking.cancelled():
            return
        LOOK_UPS.observe(time.perf_counter() - began)
        found = self._found(number, looking)
        for tell in tells:
            tell(found)

    def _found(self, number: str, looking: "asyncio.Future[Card]") -> Found:
        if (error := looking.exception()) is not None:
            FAILED.inc()
            log.warning("a card could not be looked up", exc_info=error)
            return self.kept(number) or Found(number, None, "none")
        card = self._kept[number] = looking.result()
        self._kept.move_to_end(number)
        if len(self._kept) > self._keep:
            self._kept.popitem(last=False)
        return Found(number, card, "database")
