"""The light card: everything an agent needs while the phone rings, in one look-up by number."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from crm_store import wording
from crm_store.connection import answered
from crm_store.database import Database
from domain.rights import Scope, may_see_client

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Who calls. `match`: `exact` one client (`client`, or `foreign` where this user may not see him: only that he
    is known, and whose he is), `maybe` several (`candidates`), `none`. `chosen`: one of several, picked earlier."""

    number: str | None
    match: Literal["exact", "maybe", "none"] = "none"
    chosen: bool = False
    client: Facts | None = None
    foreign: Facts | None = None
    candidates: tuple[Facts, ...] = ()
    last: tuple[Facts, ...] = ()
    orders: tuple[Facts, ...] = ()
    tasks: tuple[Facts, ...] = ()

    def shape(self, language: str = "ru") -> Facts:
        """The contract's `card`, summaries in `language`."""
        return {
            "client": self.client,
            "match": self.match,
            "chosen": self.chosen,
            "foreign": self.foreign,
            "candidates": list(self.candidates),
            "number": self.number,
            "last": [wording.entry(entry, language) for entry in self.last],
            "orders": list(self.orders),
            "tasks": list(self.tasks),
            "script": None,
        }

    def seen_by(self, scope: Scope) -> "Card":
        """What `scope` may see of a card that was looked up for everybody (`Cards.card(None, …)`)."""
        seen = replace(self, candidates=tuple(_candidate(facts, scope) for facts in self.candidates))
        if self.client is None or _visible(self.client, scope):
            return seen
        foreign = {
            "responsible": self.client["responsible_name"],
            "extension": self.client["responsible_extension"],
            "team": self.client["team_name"],
        }
        return replace(seen, client=None, foreign=foreign, last=(), orders=(), tasks=())


def _visible(facts: Facts, scope: Scope) -> bool:
    return may_see_client(scope, responsible=facts["responsible"], team=facts["team"])


def _candidate(facts: Facts, scope: Scope) -> Facts:
    if facts["id"] is None or _visible(facts, scope):
        return facts
    return {
        "id": None,
        "known": True,
        "responsible_name": facts["responsible_name"],
        "responsible_extension": facts["responsible_extension"],
    }


class Cards:
    """Looks cards up: one query, the rights inside it."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def card(self, scope: Scope | None, number: str | None) -> Card:
        """The card of `number` (E.164, else as dialled) for `scope`; None: for everybody, to be cut down by
        `Card.seen_by`. Raises Unavailable while the database is away."""
        if number is None:
            return Card(number=None)
        with answered():
            text = await self._pool.fetchval(
                "select switchroom_card($1, $2, $3)", scope.user_id if scope else None, number, scope is None
            )
        return read(number, text)


def read(number: str, text: str | None) -> Card:
    """The card from what `switchroom_card` answered."""
    if text is None:
        return Card(number=number)
    facts = orjson.loads(text)
    return Card(
        number=number,
        match=facts["match"],
        chosen=facts["chosen"],
        client=facts["client"],
        foreign=facts["foreign"],
        candidates=tuple(facts["candidates"]),
        last=tuple(facts["last"] or ()),
        orders=tuple(facts["orders"] or ()),
        tasks=tuple(facts["tasks"] or ()),
    )
