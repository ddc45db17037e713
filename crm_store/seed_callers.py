"""Who rings in a demo."""

from crm_store.database import Database

_CALLERS = """
select number, seen from (
    select n.number, s.seen, row_number() over (partition by s.seen order by w.busy desc, md5(c.id::text)) as place
      from client c
      join client_number n on n.client_id = c.id and n.position = 1
      left join app_user u on u.extension = '101'
     cross join lateral (select coalesce(c.responsible = u.id or c.team_id = u.team_id,
                                         c.responsible is null and c.team_id is null) as seen) s
     cross join lateral (select exists (select from orders o where o.client_id = c.id
                                           and o.state in ('draft', 'unconfirmed', 'confirmed'))::int
                              + exists (select from task t where t.client_id = c.id and t.state = 'open')::int
                                as busy) w
     where exists (select from history_entry h where h.client_id = c.id)) found
 where place <= $1 order by place
"""


async def callers(database: Database, count: int) -> list[tuple[str, str]]:
    """Who may ring in a demo: (number, name as the trunk presents it). Mostly clients that agent 101 may see,
    those with open orders and tasks first; now and then a shared number, somebody else's client, or nobody known."""
    numbers = await database.pool.fetch(_CALLERS, count)
    shared = await database.pool.fetch(
        "select number from client_number group by number having count(*) > 1 order by number limit $1", count // 20
    )
    found = [(row["number"], "") for row in numbers if row["seen"]]
    foreign = [(row["number"], "") for row in numbers if not row["seen"]]
    for place, row in enumerate(shared):
        found.insert(7 + place * 20, (row["number"], ""))
    for place, one in enumerate(foreign[: count // 15]):
        found.insert(11 + place * 15, one)
    for place in range(count // 12):
        found.insert(3 + place * 12, (f"+7999001{place:04}", ""))
    return found[:count]
