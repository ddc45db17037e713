"""The client base: who they are, under which numbers, and whose they are."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from crm_store import client as clients_words
from crm_store.audit import as_owner_again, noted
from crm_store.client import Client, ClientChange, ClientDraft, NumberDraft, columns
from crm_store.connection import Connection, answered, known_id, new_id
from crm_store.database import Database
from crm_store.numbers import Numbers
from crm_store.paging import cursor as cursor_at
from crm_store.paging import limited, place
from crm_store.references import check_all
from crm_store.text import digits, words
from domain.events import ClientChanged
from domain.phone import to_phone
from domain.problems import NotFound, Stale
from domain.rights import CLIENTS, Scope
from domain.routes import Page

_ONE = "select client_shape(c)::text from client c where c.id = $1"
_INSERT = """
insert into client (kind, name, company, language, time_zone, emails, responsible, team_id, fields, name_key,
                    search_key, id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
update client set kind = $1, name = $2, company = $3, language = $4, time_zone = $5, emails = $6, responsible = $7,
       team_id = $8, fields = $9, name_key = $10, search_key = $11, version = version + 1, updated_at = now()
 where id = $12
"""


class Clients:
    """Clients as one user may see and change them; `changed` is told after every commit."""

    def __init__(
        self,
        database: Database,
        *,
        country: str = "RU",
        area_code: str = "",
        changed: Callable[[ClientChanged], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._country, self._area_code = country, area_code
        self._changed = changed

    def number(self, typed: str) -> str:
        """`typed` as it is kept and looked up: E.164 where valid, else as dialled."""
        return to_phone(typed, self._country, self._area_code) or typed

    async def get(self, scope: Scope, client_id: str) -> Client:
        """One client; raises NotFound also where `scope` may not see him."""
        with answered():
            async with self._database.as_user(scope) as connection:
                return await _one(connection, known_id(client_id))

    async def create(self, scope: Scope, draft: ClientDraft) -> Client:
        """A new client; calls of his numbers that nobody was known for become his."""
        facts = draft.model_dump()
        if CLIENTS[scope.role] != "all" and not (draft.responsible or draft.team):
            facts |= {"responsible": scope.user_id, "team": scope.team}
        client_id = new_id()
        with answered():
            async with self._database.as_user(scope) as connection:
                await check_all(connection, facts)
                await connection.execute(_INSERT, *columns(facts).values(), client_id)
                numbers = Numbers(connection, client_id)
                await numbers.add(self._rows(draft.numbers))
                created = await _one(connection, client_id)
                await as_owner_again(connection)
                await numbers.link_calls(created.dialled)
                await noted(connection, scope, "client.created", client_id)
        return self._told(created)

    async def update(self, scope: Scope, client_id: str, change: ClientChange, version: int | None = None) -> Client:
        """Change the named fields. Raises Stale with the difference where `version` is not the present one."""
        wanted = {name: value for name, value in change.model_dump().items() if name in change.model_fields_set}
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(client_id), lock=True)
                if version is not None and version != before.version:
                    found = clients_words.difference(wanted, before)
                    raise Stale(
                        "Somebody else changed this client meanwhile", {"difference": found, "version": before.version}
                    )
                kept = {name: value for name, value in wanted.items() if value is not None or name in _NULLABLE}
                await check_all(connection, kept)
                await connection.execute(_UPDATE, *columns(before.shape() | kept).values(), before.id)
                numbers = Numbers(connection, before.id)
                if change.numbers is not None:
                    await numbers.replace(self._rows(change.numbers))
                after = await _one(connection, before.id, must_see=False)
                await as_owner_again(connection)
                await numbers.link_calls(after.dialled)
                await noted(connection, scope, "client.changed", before.id, fields=sorted(kept))
        return self._told(after, before.dialled)

    async def delete(self, scope: Scope, client_id: str) -> None:
        """Remove a client with his numbers, notes and tasks; his calls and orders stay, without a name."""
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(client_id), lock=True)
                await as_owner_again(connection)
                await connection.execute(
                    "update history_entry set client_id = null where client_id = $1 and kind = 'call'", before.id
                )
                await connection.execute("delete from client where id = $1", before.id)
                await noted(connection, scope, "client.deleted", before.id)
        self._told(before)

    async def attach(self, scope: Scope, client_id: str, number: str, kind: str = "") -> Client:
        """Give an existing client one more number, in one step; earlier calls from it become his."""
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(client_id), lock=True)
                numbers = Numbers(connection, before.id)
                await numbers.add(self._rows([NumberDraft(number=number, kind=kind)]), after=len(before.numbers))
                await _touched(connection, before.id)
                after = await _one(connection, before.id)
                await as_owner_again(connection)
                await numbers.link_calls(after.dialled)
                await noted(connection, scope, "client.number_attached", before.id)
        return self._told(after)

    async def detach(self, scope: Scope, client_id: str, number: str) -> Client:
        """Take a number away from a client; raises NotFound where it is not his."""
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(client_id), lock=True)
                await Numbers(connection, before.id).remove(self.number(number))
                await _touched(connection, before.id)
                after = await _one(connection, before.id)
        return self._told(after, before.dialled)

    async def choose(self, scope: Scope, number: str, client_id: str, call_id: str | None = None) -> Client:
        """Of several clients with `number` it is this one: remembered for the next call, and for `call_id`."""
        with answered():
            async with self._database.as_user(scope) as connection:
                chosen = await _one(connection, known_id(client_id))
                if self.number(number) not in chosen.dialled:
                    raise NotFound("This client does not have this number")
                if call_id and not await connection.fetchval("select true from call where id = $1", known_id(call_id)):
                    raise NotFound("There is no such call")
                numbers = Numbers(connection, chosen.id)
                await as_owner_again(connection)
                await numbers.remember(self.number(number), scope)
                if call_id:
                    await numbers.link_call(known_id(call_id))
        return self._told(chosen)

    async def list(self, scope: Scope, query: str = "", limit: int = 50, cursor: str | None = None) -> Page[Client]:
        """All clients by name; with `query`, the best `limit` by name, company, e-mail, number or last digits."""
        with answered():
            async with self._database.as_user(scope) as connection:
                if query.strip():
                    return Page(items=await self._found(connection, scope, query, limited(limit)))
                name, last = place("clients", cursor)
                rows = await connection.fetch(
                    """
                    select client_shape(c)::text as shape, c.name_key, c.id from client c
                     where $1::text is null or (c.name_key, c.id) > ($1, $2::uuid)
                     order by c.name_key, c.id limit $3
                    """,
                    name,
                    last,
                    limited(limit) + 1,
                )
        shown = rows[: limited(limit)]
        more = cursor_at("clients", shown[-1]["name_key"], str(shown[-1]["id"])) if len(rows) > len(shown) else None
        return Page(items=tuple(clients_words.read(row["shape"]) for row in shown), next=more)

    async def _found(self, connection: Connection, scope: Scope, query: str, limit: int) -> tuple[Client, ...]:
        tail = digits(query)
        if tail and len(tail) > 6 and self.number(query).startswith("+"):
            tail = self.number(query).lstrip("+")
        await as_owner_again(connection)
        rows = await connection.fetch(
            """
            select client_shape(c)::text as shape
              from switchroom_search($1, $2, $3, $4, $5) with ordinality as found (id, rank)
              join client c on c.id = found.id order by found.rank
            """,
            scope.user_id,
            [] if tail else words(query),
            tail,
            self._beginning(tail),
            limit,
        )
        return tuple(clients_words.read(row["shape"]) for row in rows)

    def _beginning(self, typed: str) -> str:
        """How a number begins in its kept form that was typed as far as `typed`."""
        return "+7" + typed[1:] if typed.startswith("8") and self._country in ("RU", "KZ") else "+" + typed

    def _rows(self, drafts: Sequence[NumberDraft]) -> dict[str, NumberDraft]:
        return {self.number(draft.number): draft for draft in drafts}

    def _told(self, client: Client, before: tuple[str, ...] = ()) -> Client:
        numbers = tuple(dict.fromkeys((*client.dialled, *before)))
        self._changed(ClientChanged(at=datetime.now(UTC), client_id=client.id, numbers=numbers))
        return client


_NULLABLE = frozenset({"responsible", "team"})


async def _one(connection: Connection, client_id: str, *, lock: bool = False, must_see: bool = True) -> Client:
    if not must_see:  # he may have given the client away by this very change
        await as_owner_again(connection)
    if lock:
        await connection.execute("select from client where id = $1 for update", client_id)
    text = await connection.fetchval(_ONE, client_id)
    if text is None:
        raise NotFound("There is no such client")
    return clients_words.read(text)


async def _touched(connection: Connection, client_id: str) -> None:
    await connection.execute("update client set version = version + 1, updated_at = now() where id = $1", client_id)
