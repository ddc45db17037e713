"""What users chose to be, ready or paused and why, kept for the next start of the server."""

from crm_store.connection import answered
from crm_store.database import Database
from crm_store.text import clean
from domain.presence import WorkState

Chosen = tuple[WorkState, str | None]


class WorkStates:
    """One row a user; what has not changed is not written again."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._kept: dict[str, Chosen] = {}

    async def all(self) -> dict[str, Chosen]:
        """Every user's choice, by his id."""
        with answered():
            rows = await self._pool.fetch("select user_id, state, reason from work_state")
        self._kept = {str(row["user_id"]): (row["state"], row["reason"]) for row in rows}
        return dict(self._kept)

    async def keep(self, user_id: str, chosen: Chosen) -> None:
        """Remember a choice; raises Unavailable. A user who is no more has none."""
        if self._kept.get(user_id) == chosen:
            return
        state, reason = chosen
        with answered():
            await self._pool.execute(
                """
                insert into work_state (user_id, state, reason) select id, $2, $3 from app_user where id = $1
                on conflict (user_id) do update set state = excluded.state, reason = excluded.reason, chosen_at = now()
                """,
                user_id,
                state,
                clean(reason) if reason else reason,
            )
        self._kept[user_id] = chosen
