"""The audit: who did what, append-only."""

from typing import Any

import orjson

from crm_store.connection import Connection
from domain.rights import Scope


async def noted(connection: Connection, scope: Scope | None, action: str, subject: str = "", **detail: Any) -> None:
    """Write one line in the transaction of what it tells about; `connection` must be the owner's."""
    await connection.execute(
        "insert into audit (user_id, action, subject, detail) values ($1, $2, $3, $4)",
        scope.user_id if scope else None,
        action,
        subject,
        orjson.dumps(detail, default=str).decode(),
    )


async def as_owner_again(connection: Connection) -> None:
    """Leave the user's rights before the transaction ends, for what follows from his act but is not his to do."""
    await connection.execute("select set_config('role', 'none', true)")
