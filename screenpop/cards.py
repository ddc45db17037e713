"""Finding the client of a ringing call: one query a number, however many phones ring, and the last answers kept.

The database is asked every time, so that a card is never old; what it said last is shown only while it is away
or slow. What a user may see of an answer is cut out of it by rights (`crm_store.cards.Card.seen_by`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
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


class Cards:
    """Cards by number. `look_up` gives the card for everybody, and raises while the database is away."""

    def __init__(self, look_up: LookUp, *, keep: int = 20_000) -> None:
        self._look_up = look_up
        self._keep = keep
        self._kept: OrderedDict[str, Card] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Found]] = {}

    def ask(self, number: str) -> asyncio.Task[Found]:
        """The look-up of `number`, shared by all who ask while it runs; its result never raises."""
        if (asked := self._asked.get(number)) is None:
            asked = asyncio.get_running_loop().create_task(self._find(number))
            self._asked[number] = asked
            asked.add_done_callback(lambda _: self._asked.pop(number, None))
        return asked

    def kept(self, number: str) -> Found | None:
        """What was found the last time."""
        card = self._kept.get(number)
        return Found(number, card, "kept") if card is not None else None

    def forget(self, numbers: Iterable[str]) -> None:
        """The client of these numbers changed."""
        for number in numbers:
            self._kept.pop(number, None)

    async def _find(self, number: str) -> Found:
        try:
            with LOOK_UPS.time():
                card = await self._look_up(number)
        except Exception:
            FAILED.inc()
            log.warning("a card could not be looked up", exc_info=True)
            return self.kept(number) or Found(number, None, "none")
        self._kept[number] = card
        self._kept.move_to_end(number)
        if len(self._kept) > self._keep:
            self._kept.popitem(last=False)
        return Found(number, card, "database")
