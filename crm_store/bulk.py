"""A big client base for measurements: a million clients with two numbers each in well under a minute."""

from crm_store.database import Database

FIRST_NUMBER = 79_000_000_000

_CLIENTS = """
insert into client (id, kind, name, company, responsible, team_id, name_key, search_key)
select md5('client' || i)::uuid, 'person', 'Клиент ' || i, '', owner.id,
       case when owner.id is not null then owner.team_id end, 'клиент ' || i, 'клиент ' || i
  from generate_series($1::bigint, $2::bigint) i
  left join (select id, team_id, row_number() over (order by login) - 1 as place, count(*) over () as size
               from app_user) owner on i % 2 = 1 and owner.place = (i / 2) % owner.size
"""
_NUMBERS = """
insert into client_number (number, client_id, typed, kind, position)
select '+' || ($3 + i * 2 + n), md5('client' || i)::uuid, '+' || ($3 + i * 2 + n), 'mobile', n + 1
  from generate_series($1::bigint, $2::bigint) i, generate_series(0, 1) n
"""
_NOTES = """
insert into history_entry (id, at, kind, client_id, text)
select md5('note' || i || '-' || n)::uuid, now() - (i % 90 + n) * interval '1 day', 'note', md5('client' || i)::uuid,
       'Заметка ' || n
  from generate_series($1::bigint, $2::bigint, 10) i, generate_series(1, 4) n
"""
_TASKS = """
insert into task (id, client_id, title, due_at)
select md5('task' || i)::uuid, md5('client' || i)::uuid, 'Перезвонить', now() + (i % 30) * interval '1 day'
  from generate_series($1::bigint, $2::bigint, 10) i
"""
_ORDERS = """
insert into orders (id, number, client_id, state, total)
select md5('order' || i)::uuid, 'B' || i, md5('client' || i)::uuid, 'confirmed', 100
  from generate_series($1::bigint, $2::bigint, 10) i
"""


async def bulk_clients(database: Database, count: int, *, first_number: int = FIRST_NUMBER) -> None:
    """Add clients 0…count-1: client i has the numbers first_number + 2·i and the next; every second one is
    somebody's, every tenth has four notes, a task and an order. The search index is built afterwards."""
    async with database.as_owner() as connection:
        if await connection.fetchval("select rolsuper from pg_roles where rolname = current_user"):
            await connection.execute("set local session_replication_role = replica")
        await connection.execute("drop index client_search")
        await connection.execute(_CLIENTS, 0, count - 1, timeout=600)
        await connection.execute(_NUMBERS, 0, count - 1, first_number, timeout=600)
        for rows in (_NOTES, _TASKS, _ORDERS):
            await connection.execute(rows, 0, count - 1, timeout=600)
        await connection.execute(
            "create index client_search on client using gin (search_key gin_trgm_ops)", timeout=600
        )
    async with database.pool.acquire() as connection:
        for table in ("client", "client_number", "history_entry", "task", "orders"):
            await connection.execute(f"vacuum analyze {table}", timeout=600)
