"""The light card: everything an agent needs while the phone rings, in one look-up by number."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson

from crm_store import wording
from crm_store.connection import answered
from crm_store.database import Database
from crm_store.together import Together
from domain.record import instant
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
        self._together = Together(database.pool, LOOK_UP_MANY, read)

    async def card(self, scope: Scope | None, number: str | None) -> Card:
        """The card of `number` (E.164, else as dialled) for `scope`; None: for everybody, to be cut down by
        `Card.seen_by`. Raises Unavailable while the database is away."""
        if number is None:
            return Card(number=None)
        with answered():
            if scope is None:
                return await self._together.ask(number)
            row = await self._pool.fetchrow(LOOK_UP, scope.user_id, number, False)
        return read(number, row)

    def pop(self, number: str) -> "asyncio.Future[Card]":
        """The same for everybody, on its way already; raises what the database says where it is away."""
        return self._together.ask(number)


LOOK_UP = "select * from switchroom_card($1, $2, $3)"
LOOK_UP_MANY = """
select card.*
  from unnest($1::text[]) with ordinality as asked (number, place), switchroom_card(null, asked.number, true) card
 order by asked.place
"""
_PLAIN = ("kind", "name", "company", "responsible_name", "responsible_extension", "team_name", "language", "time_zone")
_CALL = ("direction", "outcome", "talk_seconds", "owner", "queue", "voicemail", "disposition", "note")


def read(number: str, row: Any) -> Card:
    """The card from the row `switchroom_card` answered."""
    if not row["many"]:
        return Card(number=number)
    candidates = tuple(orjson.loads(row["candidates"])) if row["candidates"] else ()
    if row["seen"] is None:
        return Card(number=number, match="maybe", candidates=candidates)
    card = Card(number=number, match="exact", chosen=row["chosen"], candidates=candidates)
    if not row["seen"]:
        foreign = {
            "responsible": row["responsible_name"],
            "extension": row["responsible_extension"],
            "team": row["team_name"],
        }
        return replace(card, foreign=foreign)
    return replace(
        card,
        client=_client(row),
        last=tuple(map(_entry, orjson.loads(row["last"]))) if row["last"] else (),
        orders=tuple(orjson.loads(row["orders"])) if row["orders"] else (),
        tasks=tuple(map(_task, orjson.loads(row["tasks"]))) if row["tasks"] else (),
    )


def _client(row: Any) -> Facts:
    numbers = [text.split("\x1f") for text in row["numbers"] or ()]
    facts: Facts = {name: row[name] for name in _PLAIN}
    facts["id"] = str(row["id"])
    facts["numbers"] = [{"number": number, "kind": kind, "typed": typed} for number, kind, typed in numbers]
    facts["emails"] = row["emails"]
    facts["responsible"] = str(row["responsible"]) if row["responsible"] else None
    facts["team"] = str(row["team"]) if row["team"] else None
    facts["fields"] = orjson.loads(row["fields"])
    facts["version"] = row["version"]
    facts["created_at"], facts["updated_at"] = instant(row["created_at"]), instant(row["updated_at"])
    return facts


def _entry(facts: Facts) -> Facts:
    call = {name: facts.pop(name) for name in _CALL}
    return {**facts, "at": _instant(facts["at"]), "call": call if call["direction"] else None}


def _task(facts: Facts) -> Facts:
    return {**facts, "due_at": _instant(facts["due_at"])}


def _instant(text: str | None) -> str | None:
    return instant(datetime.fromisoformat(text)) if text else None
