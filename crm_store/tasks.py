"""Tasks: what somebody still has to do for a client, and by when."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints

from crm_store.client import Body
from crm_store.connection import Connection, answered, known_id, new_id
from crm_store.database import Database
from crm_store.moment import Moment
from crm_store.paging import cursor as cursor_at
from crm_store.paging import limited, place_in_time
from crm_store.references import check_all, id_in
from crm_store.text import clean
from domain.problems import NotFound, Stale
from domain.rights import Scope
from domain.routes import Page

Facts = dict[str, Any]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
State = Literal["open", "done", "dropped"]


class TaskDraft(Body):
    """A new task; without `assignee` it is its author's. `number`: whom to call, where not the client's own."""

    title: Title
    client_id: str | None = None
    number: Annotated[str, Field(max_length=60)] | None = None
    due_at: Moment = None
    assignee: str | None = None


class TaskPatch(Body):
    """The fields to change; what is not named stays."""

    title: Title | None = None
    due_at: Moment = None
    assignee: str | None = None
    state: State | None = None


_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Tasks:
    """Tasks as one user may see and change them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        scope: Scope,
        *,
        client: str | None = None,
        state: State | None = "open",
        mine: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Facts]:
        """Tasks, the soonest first, those without a date last."""
        due, last = place_in_time("tasks", cursor)
        with answered():
            async with self._database.as_user(scope) as connection:
                rows = await connection.fetch(
                    """
                    select task_shape(t)::text as shape, t.id, coalesce(t.due_at, $7::timestamptz) as due,
                           (select c.name from client c where c.id = t.client_id) as client_name,
                           coalesce(t.number, (select n.number from client_number n where n.client_id = t.client_id
                                                order by n.position limit 1)) as dials
                      from task t
                     where ($1::uuid is null or t.client_id = $1) and ($2::text is null or t.state = $2)
                       and ($3::uuid is null or t.assignee = $3)
                       and ($4::uuid is null or (coalesce(t.due_at, $7), t.id) > ($5::timestamptz, $4))
                     order by coalesce(t.due_at, $7), t.id limit $6
                    """,
                    id_in("client", client),
                    state,
                    scope.user_id if mine else None,
                    last,
                    due,
                    limited(limit) + 1,
                    _NEVER,
                )
        shown = rows[: limited(limit)]
        more = cursor_at("tasks", shown[-1]["due"], str(shown[-1]["id"])) if len(rows) > len(shown) else None
        return Page(items=tuple(_read(row) for row in shown), next=more)

    async def create(self, scope: Scope, draft: TaskDraft) -> Facts:
        """A new task."""
        with answered():
            async with self._database.as_user(scope) as connection:
                await check_all(connection, draft.model_dump())
                task_id = new_id()
                await connection.execute(
                    """
                    insert into task (id, client_id, title, number, due_at, assignee, author)
                    values ($1, $2, $3, $4, $5, $6, $7)
                    """,
                    task_id,
                    draft.client_id or None,
                    clean(draft.title),
                    clean(draft.number) if draft.number else None,
                    draft.due_at,
                    draft.assignee or scope.user_id,
                    scope.user_id,
                )
                return await _one(connection, task_id)

    async def get(self, scope: Scope, task_id: str) -> Facts:
        """One task; raises NotFound."""
        with answered():
            async with self._database.as_user(scope) as connection:
                return await _one(connection, known_id(task_id))

    async def change(self, scope: Scope, task_id: str, patch: TaskPatch, version: int | None = None) -> Facts:
        """Change the named fields; raises Stale where `version` is not the present one."""
        facts = {name: value for name, value in patch.model_dump().items() if name in patch.model_fields_set}
        with answered():
            async with self._database.as_user(scope) as connection:
                before = await _one(connection, known_id(task_id), lock=True)
                if version is not None and version != before["version"]:
                    found = {name: {"yours": value, "theirs": before[name]} for name, value in facts.items()}
                    raise Stale("Somebody else changed this task meanwhile", {"difference": found})
                await check_all(connection, facts)
                for column in ("title", "due_at", "assignee", "state"):
                    if column in facts and (facts[column] is not None or column in ("due_at", "assignee")):
                        await connection.execute(f"update task set {column} = $1 where id = $2", facts[column], task_id)
                await connection.execute(
                    """
                    update task set version = version + 1,
                                    done_at = case when state = 'open' then null else coalesce(done_at, now()) end
                     where id = $1
                    """,
                    task_id,
                )
                return await _one(connection, task_id)


async def _one(connection: Connection, task_id: str, *, lock: bool = False) -> Facts:
    if lock:
        await connection.execute("select from task where id = $1 for update", task_id)
    row = await connection.fetchrow(
        """
        select task_shape(t)::text as shape, (select c.name from client c where c.id = t.client_id) as client_name,
               coalesce(t.number, (select n.number from client_number n where n.client_id = t.client_id
                                    order by n.position limit 1)) as dials
          from task t where t.id = $1
        """,
        task_id,
    )
    if row is None:
        raise NotFound("There is no such task")
    return _read(row)


def _read(row: Any) -> Facts:
    return {**orjson.loads(row["shape"]), "client_name": row["client_name"], "dials": row["dials"]}
