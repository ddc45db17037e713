"""A client: what is kept about him, what a request may say, and how two versions differ."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crm_store.text import clean, folded

Kind = Literal["person", "company"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class Body(BaseModel):
    """What a request says; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberDraft(Body):
    """A number as somebody typed it; `kind` is free: mobile, work, fax, …"""

    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    kind: Annotated[str, StringConstraints(strip_whitespace=True, max_length=30)] = ""


class ClientDraft(Body):
    """A new client. Without `responsible` and `team` he is his creator's, where the creator sees only his own
    or his team's."""

    name: Line
    kind: Kind = "person"
    company: Short = ""
    numbers: tuple[NumberDraft, ...] = ()
    emails: tuple[Short, ...] = ()
    responsible: str | None = None
    team: str | None = None
    language: Annotated[str, Field(max_length=10)] = ""
    time_zone: Annotated[str, Field(max_length=60)] = ""
    fields: dict[str, Any] = {}


class ClientChange(Body):
    """The fields to change; what is not named stays. `numbers` replaces them all."""

    name: Line | None = None
    kind: Kind | None = None
    company: Short | None = None
    numbers: tuple[NumberDraft, ...] | None = None
    emails: tuple[Short, ...] | None = None
    responsible: str | None = None
    team: str | None = None
    language: Annotated[str, Field(max_length=10)] | None = None
    time_zone: Annotated[str, Field(max_length=60)] | None = None
    fields: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientNumber:
    """One number: E.164 where valid, else as dialled; and as somebody typed it."""

    number: str
    kind: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client. `responsible` and `team` are ids; empty `language`, `time_zone`: not known."""

    id: str
    kind: Kind
    name: str
    company: str
    numbers: tuple[ClientNumber, ...]
    emails: tuple[str, ...]
    responsible: str | None
    responsible_name: str | None
    responsible_extension: str | None
    team: str | None
    team_name: str | None
    language: str
    time_zone: str
    fields: dict[str, Any]
    version: int
    created_at: str
    updated_at: str

    def shape(self) -> dict[str, Any]:
        """The contract's `client`."""
        return asdict(self)

    @property
    def dialled(self) -> tuple[str, ...]:
        """His numbers alone."""
        return tuple(number.number for number in self.numbers)


def read(text: str) -> Client:
    """The client from what `client_shape` answered."""
    facts = orjson.loads(text)
    facts["numbers"] = tuple(ClientNumber(**number) for number in facts["numbers"])
    facts["emails"] = tuple(facts["emails"])
    return Client(**facts)


def columns(facts: dict[str, Any]) -> dict[str, Any]:
    """The table's columns of a client's fields, text cleaned, with the keys he is sorted and found by."""
    row: dict[str, Any] = {name: clean(facts[name]) for name in ("kind", "name", "company", "language", "time_zone")}
    row["emails"] = [clean(email) for email in facts["emails"] if email]
    row["responsible"], row["team_id"] = facts["responsible"] or None, facts["team"] or None
    row["fields"] = orjson.dumps(facts["fields"]).decode().replace("\\u0000", "\\ufffd")
    row["name_key"] = folded(facts["name"])[:200]
    row["search_key"] = folded(" ".join([facts["name"], facts["company"], *row["emails"]]))[:1000]
    return row


def difference(mine: dict[str, Any], theirs: Client) -> dict[str, Any]:
    """For every field of `mine` that is not what `theirs` has now: both, so that a person can decide."""
    now = theirs.shape()
    return {
        name: {"yours": value, "theirs": now[name]}
        for name, value in mine.items()
        if value != (list(now[name]) if isinstance(now[name], tuple) else now[name])
    }
