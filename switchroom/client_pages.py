"""The pages about clients: the list with its search, a client's card with his time line, quick create."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from crm_store.calls import Calls
from crm_store.client import ClientChange, ClientDraft, NumberDraft
from crm_store.clients import Clients
from crm_store.orders import Orders
from crm_store.tasks import Tasks
from crm_store.timeline import TimeLine
from domain.problems import Problem
from domain.rights import Scope
from domain.routes import Screen, SeeOther
from switchroom.call_pages import dispositions
from switchroom.operation import filled_in

FIELDS = ("name", "company", "kind", "time_zone", "language")
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the list is asked for; `number` prefills the form for a new client."""

    q: Annotated[str, Field(max_length=200)] = ""
    cursor: str | None = None
    number: Annotated[str, Field(max_length=60)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the time line the page begins."""

    cursor: str | None = None


class ClientPages:
    """What people see of the client base, through the same doors as REST."""

    def __init__(self, *, clients: Clients, timeline: TimeLine, tasks: Tasks, orders: Orders, calls: Calls) -> None:
        self._clients, self._timeline, self._tasks, self._orders = clients, timeline, tasks, orders
        self._calls = calls

    def screens(self) -> tuple[Screen, ...]:
        """The pages and their forms."""
        one = "/clients/{id}"
        return (
            Screen(path="/clients", template="clients.html", handler=self.found),
            Screen(method="POST", path="/clients", template="clients.html", handler=self.create),
            Screen(path=one, template="client.html", handler=self.card),
            Screen(method="POST", path=one, template="client.html", handler=self.change),
            Screen(method="POST", path=one + "/numbers", template="client.html", handler=self.attach),
            Screen(method="POST", path=one + "/numbers/remove", template="client.html", handler=self.detach),
            Screen(method="POST", path=one + "/notes", template="client.html", handler=self.note),
        )

    async def found(self, user: Scope, query: Search) -> dict[str, Any]:
        """The clients this user may see, by name, or the best matches."""
        page = await self._clients.list(user, query.q, PAGE, query.cursor)
        return {"asked": query, "page": page, "typed": {"number": query.number}, "problem": None}

    async def create(self, user: Scope, form: dict[str, str]) -> dict[str, Any] | SeeOther:
        """A new client from one small form."""
        try:
            client = await self._clients.create(user, filled_in(ClientDraft, _draft(form)))
        except Problem as problem:
            return {**await self.found(user, Search()), "typed": form, "problem": problem}
        return SeeOther(to=f"/clients/{client.id}")

    async def card(self, user: Scope, id: str, query: Place) -> dict[str, Any]:  # noqa: A002 - the path's own word
        """Everything about one client on one page."""
        return await self._card(user, id, cursor=query.cursor)

    async def change(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """His fields; what somebody else changed meanwhile is shown, and nothing is lost."""
        try:
            version = int(form["version"]) if form.get("version", "").isdigit() else None
            change = {name: form[name] for name in FIELDS if name in form}
            if "emails" in form:
                change["emails"] = form["emails"].replace(",", " ").split()  # pyright: ignore[reportArgumentType]
            await self._clients.update(user, id, filled_in(ClientChange, change), version)
        except Problem as problem:
            return await self._card(user, id, typed=form, problem=problem)
        return SeeOther(to=f"/clients/{id}")

    async def attach(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """One more number."""
        try:
            number = filled_in(NumberDraft, {name: form[name] for name in ("number", "kind") if name in form})
            await self._clients.attach(user, id, number.number, number.kind)
        except Problem as problem:
            return await self._card(user, id, typed=form, problem=problem)
        return SeeOther(to=f"/clients/{id}")

    async def detach(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """A number that is not his."""
        await self._clients.detach(user, id, form.get("number", ""))
        return SeeOther(to=f"/clients/{id}")

    async def note(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """A note in his time line."""
        try:
            await self._timeline.note(user, id, form.get("text", "").strip())
        except Problem as problem:
            return await self._card(user, id, typed=form, problem=problem)
        return SeeOther(to=f"/clients/{id}")

    async def _card(
        self,
        user: Scope,
        client_id: str,
        *,
        cursor: str | None = None,
        typed: Mapping[str, str] | None = None,
        problem: Problem | None = None,
    ) -> dict[str, Any]:
        client = await self._clients.get(user, client_id)
        return {
            "client": client,
            "history": await self._timeline.of_client(user, client_id, PAGE, cursor),
            "orders": await self._orders.list(user, client=client_id),
            "tasks": await self._tasks.list(user, client=client_id),
            "called": await dispositions(self._calls, user),
            "typed": typed or {},
            "problem": problem,
        }


def _draft(form: Mapping[str, str]) -> dict[str, Any]:
    number, emails = form.get("number", "").strip(), form.get("email", "").split()
    given = {name: form[name] for name in FIELDS if form.get(name)}
    return {"name": "", **given, "emails": emails, "numbers": [{"number": number}] if number else []}
