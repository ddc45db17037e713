"""The pages about calls: the history with its filters, the missed ones, one call with its legs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from crm_store.calls import CallFilters, CallPatch, Calls
from domain.problems import Problem
from domain.rights import CALLS, Scope
from domain.routes import Screen, SeeOther
from switchroom.operation import filled_in

PAGE = 50
Day = Annotated[date | None, BeforeValidator(lambda text: text or None)]
Outcome = Literal["", "answered", "no_answer", "busy", "cancelled", "abandoned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters as they stand in the form; days are the reader's own, both included."""

    view: Literal["all", "missed"] = "all"
    extension: Annotated[str, Field(max_length=40)] = ""
    queue: Annotated[str, Field(max_length=80)] = ""
    outcome: Outcome = ""
    client: Annotated[str, Field(max_length=40)] = ""
    since: Day = None
    until: Day = None
    cursor: str | None = None

    def values(self) -> dict[str, str]:
        """What the next page's address has to say again."""
        facts = asdict(self)
        return {name: str(facts[name]) for name in facts if facts[name] and name not in ("cursor", "view")}


class CallPages:
    """What people see of the call history, through the same doors as REST."""

    def __init__(self, *, calls: Calls) -> None:
        self._calls = calls

    def screens(self) -> tuple[Screen, ...]:
        """The pages and their forms."""
        return (
            Screen(path="/calls", template="calls.html", handler=self.found),
            Screen(path="/calls/{id}", template="call.html", handler=self.one),
            Screen(method="POST", path="/calls/{id}", template="call.html", handler=self.change),
        )

    async def found(self, user: Scope, query: Asked) -> dict[str, Any]:
        """The calls he may see, newest first; or those nobody has called back yet."""
        further: dict[str, Any] = {"asked": query, "watches": CALLS[user.role] == "all", "today": _today(user)}
        further["called"] = await dispositions(self._calls, user)
        if query.view == "missed":
            return {"calls": await self._calls.missed(user, PAGE), "next": None, **further}
        page = await self._calls.list(user, _filters(query, user.time_zone), PAGE, query.cursor)
        return {"calls": page.items, "next": page.next, **further}

    async def one(self, user: Scope, id: str) -> dict[str, Any] | SeeOther:  # noqa: A002 - the path's own word
        """One call; a consultation that became part of another leads there."""
        return await self._one(user, id)

    async def change(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """Its note and disposition."""
        try:
            given: dict[str, Any] = {name: form[name] for name in ("note", "disposition") if name in form}
            given["disposition"] = given.get("disposition") or None
            await self._calls.patch(user, id, filled_in(CallPatch, given))
        except Problem as problem:
            return await self._one(user, id, typed=form, problem=problem)
        return SeeOther(to=f"/calls/{id}")

    async def _one(
        self, user: Scope, call_id: str, *, typed: Mapping[str, str] | None = None, problem: Problem | None = None
    ) -> dict[str, Any] | SeeOther:
        call = await self._calls.get(user, call_id)
        if call["id"] != call_id:
            return SeeOther(to=f"/calls/{call['id']}")
        offered = (await dispositions(self._calls, user)).items()
        return {"call": call, "dispositions": [("", "—"), *offered], "typed": typed or {}, "problem": problem}


async def dispositions(calls: Calls, user: Scope) -> dict[str, str]:
    """How what a call may have come to is called in his language, by its key."""
    return {one["key"]: one[user.language] for one in await calls.dispositions()}


def _filters(asked: Asked, zone: str) -> CallFilters:
    return CallFilters(
        extension=asked.extension.strip() or None,
        queue=asked.queue.strip() or None,
        outcome=asked.outcome or None,
        client=asked.client or None,
        since=_midnight(asked.since, zone),
        until=_midnight(asked.until and asked.until + timedelta(days=1), zone),
    )


def _midnight(day: date | None, zone: str) -> datetime | None:
    """When `day` begins in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC) if day else None


def _today(user: Scope) -> date:
    return datetime.now(ZoneInfo(user.time_zone)).date()
