"""Tasks, idempotency keys and the answer to "why no pop?"."""

from datetime import timedelta

import pytest

from crm_store.database import Database
from crm_store.once import Once
from crm_store.tasks import TaskDraft, TaskPatch, Tasks
from domain.problems import Conflict, Stale
from tests.crm_store.calls import AT
from tests.crm_store.people import client, someone


async def test_the_soonest_task_comes_first_and_pages_join(database: Database) -> None:
    anna = await someone(database, "anna", "admin")
    made = await client(database, anna, "Борис", "+79211234567")
    tasks = Tasks(database)
    await tasks.create(anna, TaskDraft(title="когда-нибудь", client_id=made))
    await tasks.create(anna, TaskDraft(title="когда-нибудь ещё", client_id=made))
    await tasks.create(anna, TaskDraft(title="завтра", client_id=made, due_at=AT + timedelta(days=1)))
    await tasks.create(anna, TaskDraft(title="сегодня", client_id=made, due_at=AT))
    first = await tasks.list(anna, limit=3)
    second = await tasks.list(anna, limit=3, cursor=first.next)
    titles = [task["title"] for task in (*first.items, *second.items)]
    assert titles == ["сегодня", "завтра", "когда-нибудь", "когда-нибудь ещё"]
    assert (first.items[0]["client_name"], first.items[0]["dials"]) == ("Борис", "+79211234567")


async def test_a_finished_task_leaves_the_list(database: Database) -> None:
    anna = await someone(database, "anna")
    tasks = Tasks(database)
    made = await tasks.create(anna, TaskDraft(title="Перезвонить", number="+79211234567"))
    await tasks.change(anna, made["id"], TaskPatch(state="done"), made["version"])
    assert (await tasks.list(anna)).items == ()
    assert len((await tasks.list(anna, state=None)).items) == 1
    with pytest.raises(Stale):
        await tasks.change(anna, made["id"], TaskPatch(state="open"), made["version"])


async def test_a_task_given_to_somebody_is_his(database: Database) -> None:
    anna, boris, vera = [await someone(database, login, "telemarketer") for login in ("anna", "boris", "vera")]
    await Tasks(database).create(anna, TaskDraft(title="Перезвонить", assignee=boris.user_id))
    seen = {one.login: len((await Tasks(database).list(one)).items) for one in (anna, boris, vera)}
    assert seen == {"anna": 1, "boris": 1, "vera": 0}


async def test_the_same_request_is_done_once(database: Database) -> None:
    anna = await someone(database, "anna")
    once = Once(database)
    assert await once.begin(anna.user_id, "k", "body") is None
    with pytest.raises(Conflict):
        await once.begin(anna.user_id, "k", "body")
    await once.finish(anna.user_id, "k", 202, {"id": "1"})
    assert await once.begin(anna.user_id, "k", "body") == (202, {"id": "1"})
    with pytest.raises(Conflict):
        await once.begin(anna.user_id, "k", "another body")


async def test_a_request_that_failed_may_be_tried_again(database: Database) -> None:
    anna = await someone(database, "anna")
    once = Once(database)
    await once.begin(anna.user_id, "k", "body")
    await once.forget(anna.user_id, "k")
    assert await once.begin(anna.user_id, "k", "body") is None


async def test_keys_are_forgotten_after_a_day(database: Database) -> None:
    anna = await someone(database, "anna")
    once = Once(database)
    await once.begin(anna.user_id, "k", "body")
    await database.pool.execute("update request_once set at = at - interval '25 hours'")
    assert await once.begin(anna.user_id, "k", "another body") is None
