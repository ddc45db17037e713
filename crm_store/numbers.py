"""A client's numbers, the choice between clients who share one, and the calls that follow from both."""

from collections.abc import Sequence

from crm_store.client import NumberDraft
from crm_store.connection import Connection
from crm_store.text import clean
from domain.problems import NotFound
from domain.rights import Scope


class Numbers:
    """The numbers of one client, in the transaction of `connection`."""

    def __init__(self, connection: Connection, client_id: str) -> None:
        self._connection = connection
        self._client = client_id

    async def add(self, rows: dict[str, NumberDraft], after: int = 0) -> None:
        """Add numbers (kept form → as typed); one he has already stays as it is."""
        await self._connection.execute(
            """
            insert into client_number (number, typed, kind, position, client_id)
            select n.number, n.typed, n.kind, n.position + $4, $5
              from unnest($1::text[], $2::text[], $3::text[]) with ordinality as n (number, typed, kind, position)
            on conflict do nothing
            """,
            [clean(number) for number in rows],
            [clean(draft.number) for draft in rows.values()],
            [clean(draft.kind) for draft in rows.values()],
            after,
            self._client,
        )

    async def replace(self, rows: dict[str, NumberDraft]) -> None:
        """Make these his numbers; remembered choices for those that stay are kept."""
        await self._connection.execute(
            "delete from client_number where client_id = $1 and number <> all ($2)", self._client, list(rows)
        )
        await self.add(rows)
        await self._connection.execute(
            """
            update client_number n set kind = w.kind, typed = w.typed, position = w.position
              from unnest($2::text[], $3::text[], $4::text[]) with ordinality as w (number, typed, kind, position)
             where n.client_id = $1 and n.number = w.number
            """,
            self._client,
            list(rows),
            [clean(draft.number) for draft in rows.values()],
            [clean(draft.kind) for draft in rows.values()],
        )

    async def remove(self, number: str) -> None:
        """Take one away; raises NotFound where it is not his."""
        done = await self._connection.execute(
            "delete from client_number where client_id = $1 and number = $2", self._client, number
        )
        if done == "DELETE 0":
            raise NotFound("This client does not have this number")

    async def remember(self, number: str, scope: Scope) -> None:
        """When `number` rings again, it is this client."""
        await self._connection.execute(
            """
            insert into number_choice (number, client_id, chosen_by) values ($1, $2, $3)
            on conflict (number) do update
               set client_id = excluded.client_id, chosen_by = excluded.chosen_by, chosen_at = now()
            """,
            number,
            self._client,
            scope.user_id,
        )

    async def link_calls(self, numbers: Sequence[str]) -> None:
        """Calls of these numbers that are nobody's become his, where the number is his alone."""
        await self._connection.execute(
            """
            with linked as (
                update call set client_id = $1
                 where outside_number = any ($2) and client_id is null
                   and not exists (select from client_number n
                                    where n.number = call.outside_number and n.client_id <> $1)
                returning id)
            update history_entry h set client_id = $1 from linked where h.id = linked.id
            """,
            self._client,
            list(numbers),
        )

    async def link_call(self, call_id: str) -> None:
        """One call is this client's, whatever was thought before."""
        await self._connection.execute(
            """
            with linked as (update call set client_id = $1 where id = $2 returning id)
            update history_entry h set client_id = $1 from linked where h.id = linked.id
            """,
            self._client,
            call_id,
        )
