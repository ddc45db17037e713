"""Orders, as far as the card shows them."""

from typing import Any

import orjson

from crm_store.connection import answered, known_id
from crm_store.database import Database
from crm_store.paging import cursor as cursor_at
from crm_store.paging import limited, place_in_time
from crm_store.references import id_in
from domain.problems import NotFound
from domain.rights import Scope
from domain.routes import Page


class Orders:
    """Orders as one user may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        scope: Scope,
        *,
        client: str | None = None,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[dict[str, Any]]:
        """Orders, newest first."""
        made, last = place_in_time("orders", cursor)
        with answered():
            async with self._database.as_user(scope) as connection:
                rows = await connection.fetch(
                    """
                    select order_shape(o)::text as shape, o.created_at, o.id from orders o
                     where ($1::uuid is null or o.client_id = $1) and ($2::text is null or o.state = $2)
                       and ($3::timestamptz is null or (o.created_at, o.id) < ($3, $4::uuid))
                     order by o.created_at desc, o.id desc limit $5
                    """,
                    id_in("client", client),
                    state,
                    made,
                    last,
                    limited(limit) + 1,
                )
        shown = rows[: limited(limit)]
        more = cursor_at("orders", shown[-1]["created_at"], str(shown[-1]["id"])) if len(rows) > len(shown) else None
        return Page(items=tuple(orjson.loads(row["shape"]) for row in shown), next=more)

    async def get(self, scope: Scope, order_id: str) -> dict[str, Any]:
        """One order; raises NotFound."""
        with answered():
            async with self._database.as_user(scope) as connection:
                text = await connection.fetchval(
                    "select order_shape(o)::text from orders o where o.id = $1", known_id(order_id)
                )
        if text is None:
            raise NotFound("There is no such order")
        return orjson.loads(text)
