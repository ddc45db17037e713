"""REST of the client base: clients, their time line, calls, tasks and orders. People are in `people_http`."""

from typing import Annotated, Literal

from pydantic import Field

from crm_store import people_http
from crm_store.calls import CallFilters, CallPatch, Outcome
from crm_store.cards import Facts
from crm_store.client import Body, Client, ClientChange, ClientDraft, NumberDraft
from crm_store.moment import Moment
from crm_store.references import given_in
from crm_store.store import Store
from crm_store.tasks import State, TaskDraft, TaskPatch
from domain.rights import Role, Scope
from domain.routes import Page, Route

REMOVES: frozenset[Role] = frozenset({"supervisor", "admin"})
Limit = Annotated[int, Field(ge=1, le=200)]


class Paging(Body):
    """A page of a list."""

    limit: Limit = 50
    cursor: str | None = None


class ClientQuery(Paging):
    """`query` (or `q`): words of the name, company or e-mail; a number or its last digits."""

    query: Annotated[str, Field(max_length=200)] = ""
    q: Annotated[str, Field(max_length=200)] = ""


class NumberQuery(Body):
    """A number as anybody types it."""

    number: Annotated[str, Field(max_length=100)]


class Chosen(Body):
    """A shared number: it is this client, for the next call and for `call_id`."""

    number: Annotated[str, Field(max_length=100)]
    call_id: str | None = None


class CallQuery(Paging):
    """Which calls; `since ≤ started_at < until`."""

    client: str | None = None
    extension: str | None = None
    queue: str | None = None
    outcome: Outcome | None = None
    since: Moment = None
    until: Moment = None


class TaskQuery(Paging):
    """Which tasks; `state=all` for the finished ones, too."""

    client: str | None = None
    state: State | Literal["all"] = "open"
    mine: bool = False


class OrderQuery(Paging):
    """Which orders."""

    client: str | None = None
    state: str | None = None


class NoteQuery(Paging):
    """Whose notes."""

    client: str


class NoteDraft(Body):
    """A note for a client's time line."""

    client_id: str
    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class ClientRoutes:
    """Handlers about clients."""

    def __init__(self, store: Store) -> None:
        self._clients, self._cards, self._timeline = store.clients, store.cards, store.timeline

    def routes(self) -> tuple[Route, ...]:
        """Their table."""
        one = "/clients/{id}"
        return (
            Route(method="GET", path="/clients", handler=self.list, summary="Clients by name, or found"),
            Route(method="POST", path="/clients", handler=self.create, summary="A new client", status=201),
            Route(method="GET", path="/clients/lookup", handler=self.lookup, summary="The card of a number"),
            Route(method="GET", path=one, handler=self.get, summary="One client"),
            Route(method="PATCH", path=one, handler=self.change, summary="Change the named fields"),
            Route(method="DELETE", path=one, handler=self.remove, summary="Remove a client", roles=REMOVES, status=204),
            Route(method="GET", path=one + "/history", handler=self.history, summary="The client's time line"),
            Route(method="POST", path=one + "/numbers", handler=self.attach, summary="One more number"),
            Route(method="DELETE", path=one + "/numbers/{number}", handler=self.detach, summary="Take a number away"),
            Route(method="POST", path=one + "/choose", handler=self.choose, summary="A shared number is this client's"),
            Route(method="GET", path="/notes", handler=self.notes, summary="Notes about a client"),
            Route(method="POST", path="/notes", handler=self.note, summary="Write a note", status=201),
        )

    async def list(self, user: Scope, query: ClientQuery) -> Page[Client]:
        """Clients."""
        return await self._clients.list(user, query.query or query.q, query.limit, query.cursor)

    async def create(self, user: Scope, body: ClientDraft) -> Client:
        """A new client."""
        return await self._clients.create(user, body)

    async def lookup(self, user: Scope, query: NumberQuery) -> Facts:
        """The contract's `card`."""
        card = await self._cards.card(user, self._clients.number(query.number))
        return card.shape(user.language)

    async def get(self, user: Scope, id: str) -> Client:  # noqa: A002 - the path's own word
        """One client."""
        return await self._clients.get(user, id)

    async def change(self, user: Scope, id: str, body: ClientChange, version: int | None) -> Client:  # noqa: A002
        """Change."""
        return await self._clients.update(user, id, body, version)

    async def remove(self, user: Scope, id: str) -> None:  # noqa: A002
        """Remove."""
        await self._clients.delete(user, id)

    async def history(self, user: Scope, id: str, query: Paging) -> Page[Facts]:  # noqa: A002
        """The time line."""
        return await self._timeline.of_client(user, id, query.limit, query.cursor)

    async def attach(self, user: Scope, id: str, body: NumberDraft) -> Client:  # noqa: A002
        """Attach a number."""
        return await self._clients.attach(user, id, body.number, body.kind)

    async def detach(self, user: Scope, id: str, number: str) -> Client:  # noqa: A002
        """Detach a number."""
        return await self._clients.detach(user, id, number)

    async def choose(self, user: Scope, id: str, body: Chosen) -> Client:  # noqa: A002
        """Remember a choice."""
        return await self._clients.choose(user, body.number, id, body.call_id)

    async def notes(self, user: Scope, query: NoteQuery) -> Page[Facts]:
        """Notes."""
        with given_in("client"):
            return await self._timeline.of_client(user, query.client, query.limit, query.cursor, kind="note")

    async def note(self, user: Scope, body: NoteDraft) -> Facts:
        """A note."""
        with given_in("client_id"):
            return await self._timeline.note(user, body.client_id, body.text)


class WorkRoutes:
    """Handlers about calls, tasks and orders."""

    def __init__(self, store: Store) -> None:
        self._calls, self._tasks, self._orders = store.calls, store.tasks, store.orders

    def routes(self) -> tuple[Route, ...]:
        """Their table."""
        return (
            Route(method="GET", path="/calls", handler=self.calls, summary="Calls, newest first"),
            Route(method="GET", path="/calls/missed", handler=self.missed, summary="Missed and not called back yet"),
            Route(method="GET", path="/calls/{id}", handler=self.call, summary="One call"),
            Route(method="PATCH", path="/calls/{id}", handler=self.patch, summary="Note, disposition, client"),
            Route(
                method="GET", path="/calls/dispositions", handler=self.dispositions, summary="What a call may come to"
            ),
            Route(method="GET", path="/tasks", handler=self.tasks, summary="Tasks, the soonest first"),
            Route(method="POST", path="/tasks", handler=self.create_task, summary="A new task", status=201),
            Route(method="GET", path="/tasks/{id}", handler=self.task, summary="One task"),
            Route(method="PATCH", path="/tasks/{id}", handler=self.change_task, summary="Change a task"),
            Route(method="GET", path="/orders", handler=self.orders, summary="Orders, newest first"),
            Route(method="GET", path="/orders/{id}", handler=self.order, summary="One order"),
        )

    async def calls(self, user: Scope, query: CallQuery) -> Page[Facts]:
        """Call records."""
        facts = {name: value for name, value in query.model_dump().items() if name in CallFilters.model_fields}
        return await self._calls.list(user, CallFilters(**facts), query.limit, query.cursor)

    async def missed(self, user: Scope, query: Paging) -> Page[Facts]:
        """Missed calls."""
        return Page(items=await self._calls.missed(user, query.limit))

    async def call(self, user: Scope, id: str) -> Facts:  # noqa: A002 - the path's own word
        """One call record."""
        return await self._calls.get(user, id)

    async def patch(self, user: Scope, id: str, body: CallPatch, version: int | None) -> Facts:  # noqa: A002
        """Save what is named."""
        return await self._calls.patch(user, id, body, version)

    async def dispositions(self, user: Scope) -> Page[Facts]:
        """Dispositions, `name` in the user's language."""
        found = await self._calls.dispositions()
        return Page(items=tuple({**one, "name": one[user.language]} for one in found))

    async def tasks(self, user: Scope, query: TaskQuery) -> Page[Facts]:
        """Tasks."""
        state: State | None = None if query.state == "all" else query.state
        return await self._tasks.list(
            user, client=query.client, state=state, mine=query.mine, limit=query.limit, cursor=query.cursor
        )

    async def create_task(self, user: Scope, body: TaskDraft) -> Facts:
        """A task."""
        return await self._tasks.create(user, body)

    async def task(self, user: Scope, id: str) -> Facts:  # noqa: A002
        """One task."""
        return await self._tasks.get(user, id)

    async def change_task(self, user: Scope, id: str, body: TaskPatch, version: int | None) -> Facts:  # noqa: A002
        """Change."""
        return await self._tasks.change(user, id, body, version)

    async def orders(self, user: Scope, query: OrderQuery) -> Page[Facts]:
        """Orders."""
        return await self._orders.list(
            user, client=query.client, state=query.state, limit=query.limit, cursor=query.cursor
        )

    async def order(self, user: Scope, id: str) -> Facts:  # noqa: A002
        """One order."""
        return await self._orders.get(user, id)


def routes(store: Store) -> tuple[Route, ...]:
    """Everything the store answers over HTTP."""
    return (*people_http.PeopleRoutes(store).routes(), *ClientRoutes(store).routes(), *WorkRoutes(store).routes())
