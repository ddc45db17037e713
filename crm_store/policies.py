"""Row-level security and look-up functions, generated from `domain.rights`: the database holds the same table.

`switchroom_user` sees only what the policies let through; they read the user from the setting `switchroom.user`
and fail closed without one. Look-up and search run as the owner (`security definer`) and hold the same predicate,
because operators that are not leakproof lose their index under a policy.
"""

from crm_store.card_sql import card_sql
from domain.rights import CALLS, CLIENTS, Reach, Role

NAME = "generated_rights"


def sql() -> str:
    """Everything that follows from `domain.rights`, safe to run again."""
    return "\n".join(
        [_GONE, _FUNCTIONS.replace("{reach}", _reach()), *_rules(), _SHAPES, _card(), _search(), _time_line(), _DOORS]
    )


def client_predicate(row: str, reach: str, me: str, team: str) -> str:
    """`domain.rights.may_see_client` in SQL, for a row that has `responsible` and `team_id`."""
    return (
        f"({reach} is not null and (({row}.responsible is null and {row}.team_id is null) or {reach} = 'all'"
        f" or {row}.responsible = {me} or ({reach} = 'team' and {row}.team_id = {team})))"
    )


def call_predicate(row: str, reach: str, extension: str) -> str:
    """`domain.rights.may_see_call` in SQL, for a row that has `extensions`."""
    return f"({reach} = 'all' or ({reach} is not null and {row}.extensions @> array[{extension}]))"


_ME = "(select switchroom_me())"
_CLIENTS_REACH = "(select switchroom_reach('clients'))"
_CALLS_REACH = "(select switchroom_reach('calls'))"
_CLIENT = client_predicate("client", _CLIENTS_REACH, _ME, "(select switchroom_team())")
_CALL = call_predicate("call", _CALLS_REACH, "(select switchroom_extension())")
_OF_CLIENT = "exists (select from client where client.id = {table}.client_id)"
_KNOWN = f"{_CLIENTS_REACH} is not null"

_POLICIES: tuple[tuple[str, str, str, str], ...] = (
    # table, what he may do, rows he may see, rows he may leave behind
    ("client", "select, insert, update, delete", _CLIENT, _CLIENT),
    ("client_number", "select, insert, update, delete", _OF_CLIENT, _OF_CLIENT),
    ("number_choice", "select, insert, update, delete", _OF_CLIENT, _OF_CLIENT),
    ("call", "select, update (note, disposition, client_id, version)", _CALL, _CALL),
    ("call_leg", "select", "exists (select from call where call.id = call_leg.call_id)", "false"),
    ("call_alias", "select", _KNOWN, "false"),
    (
        "history_entry",
        "select, insert, update (client_id, text)",
        f"({_OF_CLIENT} or exists (select from call where call.id = history_entry.id))",
        f"({_OF_CLIENT} or exists (select from call where call.id = history_entry.id))",
    ),
    ("orders", "select", f"({_CLIENTS_REACH} = 'all' or {_OF_CLIENT})", "false"),
    ("order_line", "select", "exists (select from orders where orders.id = order_line.order_id)", "false"),
    (
        "task",
        "select, insert, update, delete",
        f"({_KNOWN} and ({_CLIENTS_REACH} = 'all' or assignee = {_ME} or author = {_ME} or {_OF_CLIENT}))",
        f"({_KNOWN} and (client_id is null or {_OF_CLIENT} or assignee = {_ME}))",
    ),
    ("product", "select", _KNOWN, "false"),
    ("disposition", "select", _KNOWN, "false"),
    ("team", "select", _KNOWN, "false"),
    ("app_user", "select (id, name, login, role, extension, team_id, disabled_at)", _KNOWN, "false"),
    ("session", "", "false", "false"),
    ("ticket", "", "false", "false"),
    ("login_throttle", "", "false", "false"),
    ("request_once", "", "false", "false"),
    ("work_state", "", "false", "false"),
    ("audit", "", "false", "false"),
)


def _rules() -> list[str]:
    lines: list[str] = []
    for table, rights, visible, allowed in _POLICIES:
        lines += [
            f"alter table {table} enable row level security;",
            f"revoke all on {table} from switchroom_user;",
            f"drop policy if exists switchroom on {table};",
            (
                f"create policy switchroom on {table} to switchroom_user"
                f" using ({visible.replace('{table}', table)}) with check ({allowed.replace('{table}', table)});"
            ),
        ]
        if rights:
            lines.append(f"grant {rights} on {table} to switchroom_user;")
    return lines


def _cases(reaches: dict[Role, Reach]) -> str:
    return " ".join(f"when '{role}' then '{reach}'" for role, reach in reaches.items())


def _reach() -> str:
    return f"""case what when 'clients' then case role {_cases(CLIENTS)} end
        when 'calls' then case role {_cases(CALLS)} end end"""


_GONE = r"""
do $$
declare
    one regprocedure;
begin
    for one in select p.oid from pg_proc p where p.pronamespace = current_schema()::regnamespace
                  and (p.proname like 'switchroom\_%' or p.proname in ('iso', 'times_told', 'client_shape',
                       'call_shape', 'order_shape', 'task_shape', 'entry_shape'))
    loop
        execute format('drop function if exists %s cascade', one);  -- its policies go, too, and come back below
    end loop;
end $$;
"""

_FUNCTIONS = """
create function switchroom_me() returns uuid language sql stable as
$$ select nullif(current_setting('switchroom.user', true), '')::uuid $$;

create function switchroom_reach_of(asked uuid, what text) returns text
language sql stable security definer set search_path from current as
$$ select {reach} from app_user where id = asked and disabled_at is null $$;

create function switchroom_reach(what text) returns text language sql stable as
$$ select switchroom_reach_of(switchroom_me(), what) $$;

create function switchroom_team() returns uuid
language sql stable security definer set search_path from current as
$$ select team_id from app_user where id = switchroom_me() and disabled_at is null $$;

create function switchroom_extension() returns text
language sql stable security definer set search_path from current as
$$ select extension from app_user where id = switchroom_me() and disabled_at is null $$;

create function iso(at timestamptz) returns text language sql stable as
$$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;
"""

_SHAPES = """
create function times_told(facts jsonb) returns jsonb language sql stable as $$
    select case when facts = '[]' then facts else
        (select jsonb_agg(f || jsonb_build_object('at', iso((f ->> 'at')::timestamptz))
                            || case when f ? 'until'
                                    then jsonb_build_object('until', iso((f ->> 'until')::timestamptz))
                                    else '{}' end
                          order by position)
           from jsonb_array_elements(facts) with ordinality as fact (f, position)) end
$$;

create function client_shape(c client) returns json language sql stable as $$
    select json_build_object(
        'id', c.id, 'kind', c.kind, 'name', c.name, 'company', c.company,
        'numbers', coalesce((select json_agg(json_build_object('number', n.number, 'kind', n.kind, 'typed', n.typed)
                                             order by n.position, n.number)
                               from client_number n where n.client_id = c.id), '[]'::json),
        'emails', c.emails, 'responsible', c.responsible,
        'responsible_name', (select u.name from app_user u where u.id = c.responsible),
        'responsible_extension', (select u.extension from app_user u where u.id = c.responsible),
        'team', c.team_id, 'team_name', (select t.name from team t where t.id = c.team_id),
        'language', c.language, 'time_zone', c.time_zone, 'fields', c.fields, 'version', c.version,
        'created_at', iso(c.created_at), 'updated_at', iso(c.updated_at))
$$;

create function call_shape(c call) returns json language sql stable as $$
    select json_build_object(
        'id', c.id, 'pbx', c.pbx, 'linkedid', c.linkedid, 'direction', c.direction,
        'caller', json_build_object('number', c.caller_number, 'name', c.caller_name,
                                    'extension', c.caller_extension, 'endpoint', c.caller_endpoint),
        'dialed', c.dialed, 'queue', c.queue, 'queues', c.queues, 'client_id', c.client_id,
        'started_at', iso(c.started_at), 'answered_at', iso(c.answered_at), 'ended_at', iso(c.ended_at),
        'ring_seconds', c.ring_seconds, 'wait_seconds', c.wait_seconds,
        'talk_seconds', c.talk_seconds, 'hold_seconds', c.hold_seconds,
        'outcome', c.outcome, 'cause', c.cause, 'answered_by', c.answered_by, 'owner', c.owner,
        'legs', coalesce((select json_agg(json_build_object(
                'extension', l.extension, 'endpoint', l.endpoint, 'number', l.number, 'rang_at', iso(l.rang_at),
                'answered_at', iso(l.answered_at), 'ended_at', iso(l.ended_at), 'result', l.result,
                'forwarded_to', l.forwarded_to) order by l.position)
            from call_leg l where l.call_id = c.id), '[]'::json),
        'transfers', times_told(c.transfers), 'parked', times_told(c.parked),
        'conference', c.conference, 'voicemail', c.voicemail, 'ended_by', c.ended_by,
        'complete', c.complete, 'disposition', c.disposition, 'note', c.note,
        'recording', c.recording)
$$;

create function order_shape(o orders) returns json language sql stable as $$
    select json_build_object(
        'id', o.id, 'number', o.number, 'client_id', o.client_id, 'channel', o.channel, 'state', o.state,
        'lines', coalesce((select json_agg(json_build_object('product', l.product, 'quantity', l.quantity::float8,
                                                            'price', l.price::float8, 'at', iso(l.at))
                                            order by l.position)
                             from order_line l where l.order_id = o.id), '[]'::json),
        'total', o.total::float8, 'delivery', o.delivery, 'payment', o.payment, 'note', o.note,
        'created_at', iso(o.created_at))
$$;

create function task_shape(t task) returns json language sql stable as $$
    select json_build_object(
        'id', t.id, 'client_id', t.client_id, 'title', t.title, 'number', t.number, 'due_at', iso(t.due_at),
        'assignee', t.assignee, 'assignee_name', (select u.name from app_user u where u.id = t.assignee),
        'state', t.state, 'version', t.version)
$$;

create function entry_shape(h history_entry) returns json language sql stable as $$
    select json_build_object(
        'id', h.id, 'at', iso(h.at), 'kind', h.kind, 'text', h.text, 'author', h.author,
        'author_name', (select u.name from app_user u where u.id = h.author), 'detail', h.detail,
        'call', case when h.kind = 'call' then
            (select json_build_object('direction', c.direction, 'outcome', c.outcome, 'talk_seconds', c.talk_seconds,
                                      'owner', c.owner, 'queue', c.queue, 'voicemail', c.voicemail,
                                      'disposition', c.disposition, 'note', c.note)
               from call c where c.id = h.id) end)
$$;
"""


def _card() -> str:
    return card_sql(client_predicate("c", f"(case me.role {_cases(CLIENTS)} end)", "me.id", "me.team_id"))


def _search() -> str:
    sees = client_predicate("c", "reach", "asked", "team")
    return f"""
create function switchroom_search(
    asked uuid, words text[], digits text, head text, most integer
) returns setof uuid
language plpgsql stable security definer set search_path from current as $$
declare
    reach text; team uuid; longest text; patterns text[];
begin
    select u.team_id, case u.role {_cases(CLIENTS)} end into team, reach
      from app_user u where u.id = asked and u.disabled_at is null;
    if reach is null then
        return;
    end if;
    if digits <> '' then
        return query
            select c.id from client c
             where c.id in (select n.client_id from client_number n where reverse(n.number) like reverse(digits) || '%'
                            union select n.client_id from client_number n where n.number like head || '%')
               and {sees}
             order by c.name_key, c.id limit most;
    end if;
    if cardinality(words) > 0 then
        select array_agg('%' || word || '%') into patterns from unnest(words) word;
        select '%' || word || '%' into longest from unnest(words) word order by length(word) desc limit 1;
        return query
            select c.id from client c
             where c.search_key like longest and c.search_key like all (patterns) and {sees}
             order by c.name_key, c.id limit most;
    end if;
end $$;
"""


def _time_line() -> str:
    sees = client_predicate("c", "reach", "asked", "team")
    hears = call_predicate("k", "calls_reach", "extension")
    return f"""
create function switchroom_time_line(
    asked uuid, client_asked uuid, before timestamptz, before_id uuid, most integer, kind_asked text
) returns table (id uuid, at timestamptz, entry text, call_record text)
language plpgsql stable security definer set search_path from current as $$
#variable_conflict use_column
declare
    reach text; calls_reach text; team uuid; extension text;
begin
    select u.team_id, u.extension, case u.role {_cases(CLIENTS)} end, case u.role {_cases(CALLS)} end
      into team, extension, reach, calls_reach
      from app_user u where u.id = asked and u.disabled_at is null;
    if not exists (select from client c where c.id = client_asked and {sees}) then
        return;
    end if;
    return query
        select h.id, h.at, entry_shape(h)::text,
               (select call_shape(k)::text from call k where h.kind = 'call' and k.id = h.id and {hears})
          from history_entry h
         where h.client_id = client_asked and (kind_asked is null or h.kind = kind_asked)
           and (before is null or (h.at, h.id) < (before, before_id))
         order by h.at desc, h.id desc limit most;
end $$;
"""


_DOORS = """
revoke all on function switchroom_reach_of, switchroom_team, switchroom_extension, switchroom_card, switchroom_search,
    switchroom_time_line from public;
grant execute on function switchroom_reach_of, switchroom_team, switchroom_extension to switchroom_user;
"""
