"""The look-up of a card in the database: one call, one row, measured (`bench/lookup.py`).

What a client does not have costs one look into an index, what he has a statement of its own; columns
instead of JSON where there is one value; `entry_shape` and its like would be planned for every row. Only the owner
may run it (it holds the rights itself): being no `security definer` it needs no search path of its own.
"""

_COLUMNS = (
    "seen id kind name company emails responsible team language time_zone fields version created_at updated_at"
    " responsible_name responsible_extension team_name numbers has_last has_orders has_tasks"
).replace(" ", ", ")


def card_sql(sees: str) -> str:
    """The function `switchroom_card(asked, wanted, everything)`; `sees` is the rights' predicate over `c` (client)
    and `me` (app_user)."""
    names = {"{client}": _CLIENT, "{columns}": _COLUMNS, "{sees}": f"(everything or coalesce({sees}, false))"}
    text = _CARD
    for name, meaning in names.items():
        text = text.replace(name, meaning)
    return text


_CLIENT = """{sees}, c.id, c.kind, c.name, c.company, c.emails, c.responsible, c.team_id, c.language, c.time_zone,
           c.fields, c.version, c.created_at, c.updated_at, u.name, u.extension, t.name,
           array(select m.number || E'\\x1f' || m.kind || E'\\x1f' || m.typed from client_number m
                  where m.client_id = c.id order by m.position),
           exists (select from history_entry h where h.client_id = c.id),
           exists (select from orders o where o.client_id = c.id),
           exists (select from task t where t.client_id = c.id and t.state = 'open')"""

_CARD = """
create function switchroom_card(
    asked uuid, wanted text, everything boolean,
    out many integer, out chosen boolean, out seen boolean, out id uuid, out kind text, out name text,
    out company text, out numbers text[], out emails text[], out responsible uuid, out responsible_name text,
    out responsible_extension text, out team uuid, out team_name text, out language text, out time_zone text,
    out fields jsonb, out version integer, out created_at timestamptz, out updated_at timestamptz,
    out candidates json, out last json, out orders json, out tasks json
) language plpgsql stable as $$
#variable_conflict use_column
declare
    has_last boolean; has_orders boolean; has_tasks boolean;
begin
    chosen := false;
    select 1 + exists (select from client_number o where o.number = wanted and o.client_id <> c.id)::integer, {client}
      into many, {columns}
      from client_number n
      join client c on c.id = n.client_id
      left join app_user me on me.id = asked and me.disabled_at is null
      left join app_user u on u.id = c.responsible
      left join team t on t.id = c.team_id
     where n.number = wanted and (everything or me.id is not null) limit 1;
    if not found then
        many := 0;
        return;
    end if;
    if many > 1 then
        select json_agg(case when {sees} then json_build_object(
                   'id', c.id, 'kind', c.kind, 'name', c.name, 'company', c.company, 'known', true,
                   'responsible', c.responsible, 'responsible_name', u.name, 'responsible_extension', u.extension,
                   'team', c.team_id)
               else json_build_object('id', null, 'known', true, 'responsible_name', u.name,
                                      'responsible_extension', u.extension) end order by c.name_key, c.id)
          into candidates
          from (select * from client_number n where n.number = wanted limit 20) n
          join client c on c.id = n.client_id
          left join app_user me on me.id = asked and me.disabled_at is null
          left join app_user u on u.id = c.responsible;
        select {client} into {columns}
          from number_choice o
          join client c on c.id = o.client_id
          left join app_user me on me.id = asked and me.disabled_at is null
          left join app_user u on u.id = c.responsible
          left join team t on t.id = c.team_id
         where o.number = wanted;
        if not found then
            return;
        end if;
        chosen := true;
    end if;
    if not seen then
        return;
    end if;
    if has_last then
        select json_agg(row_to_json(e)) into last from (
            select h.id, h.at, h.kind, h.text, h.author, a.name as author_name, h.detail, k.direction, k.outcome,
                   k.talk_seconds, k.owner, k.queue, k.voicemail, k.disposition, k.note
              from (select * from history_entry h where h.client_id = switchroom_card.id
                     order by h.at desc, h.id desc limit 5) h
              left join app_user a on a.id = h.author
              left join call k on k.id = h.id and h.kind = 'call'
             order by h.at desc, h.id desc) e;
    end if;
    if has_orders then
        select json_agg(order_shape(o)) into orders from (
            select * from orders o
             where o.client_id = switchroom_card.id and o.state in ('draft', 'unconfirmed', 'confirmed')
             order by o.created_at desc limit 5) o;
    end if;
    if has_tasks then
        select json_agg(row_to_json(e)) into tasks from (
            select t.id, t.client_id, t.title, t.number, t.due_at, t.assignee, a.name as assignee_name, t.state,
                   t.version
              from (select * from task t where t.client_id = switchroom_card.id and t.state = 'open'
                     order by t.due_at nulls last limit 5) t
              left join app_user a on a.id = t.assignee
             order by t.due_at nulls last) e;
    end if;
end $$;
"""
