-- Users, clients, calls and what belongs to them. PostgreSQL 15 and later; ids are made in Python.
-- Sort and search keys are normalised in Python too, so that no locale of the server matters.

create extension if not exists pg_trgm;

do $$
begin
    if not exists (select from pg_roles where rolname = 'switchroom_user') then
        create role switchroom_user nologin;
    end if;
    if not pg_has_role(current_user, 'switchroom_user', 'member') then
        execute format('grant switchroom_user to %I', current_user);
    end if;
end
$$;

create table team (
    id uuid primary key,
    name text not null unique,
    created_at timestamptz not null default now()
);

create table app_user (
    id uuid primary key,
    login text not null,
    login_key text not null unique,                -- casefolded
    name text not null,
    role text not null check (role in ('agent', 'telemarketer', 'marketer', 'supervisor', 'admin')),
    extension text,
    team_id uuid references team on delete set null,
    language text not null default 'ru',
    time_zone text not null default 'Europe/Moscow',
    password_hash text not null,
    settings jsonb not null default '{}',          -- his own: key map, when a card may come up
    disabled_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now()
);
create unique index app_user_extension on app_user (extension) where disabled_at is null;

create table session (
    id uuid primary key,
    token_hash bytea not null unique,
    user_id uuid not null references app_user on delete cascade,
    address text not null,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);
create index session_of_user on session (user_id);

create table ticket (
    ticket_hash bytea primary key,
    session_id uuid not null references session on delete cascade,
    expires_at timestamptz not null
);

create table login_throttle (
    key text primary key,                          -- 'login:…' or 'address:…'
    attempts integer not null,
    since timestamptz not null,
    until timestamptz
);

create table client (
    id uuid primary key,
    kind text not null default 'person' check (kind in ('person', 'company')),
    name text not null,
    company text not null default '',
    emails text[] not null default '{}',
    responsible uuid references app_user on delete set null,
    team_id uuid references team on delete set null,
    language text not null default '',
    time_zone text not null default '',
    fields jsonb not null default '{}',
    name_key text collate "C" not null,            -- for sorting
    search_key text not null,                      -- name, company, e-mails: casefolded, ё as е
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index client_name on client (name_key, id);
create index client_responsible on client (responsible);
create index client_team on client (team_id);
create index client_search on client using gin (search_key gin_trgm_ops);

create table client_number (
    number text collate "C" not null,              -- E.164 where valid, else as dialled
    client_id uuid not null references client on delete cascade,
    typed text not null,
    kind text not null default '',
    position integer not null default 0,
    created_at timestamptz not null default now(),
    primary key (number, client_id)
);
create index client_number_client on client_number (client_id, position);
create index client_number_tail on client_number (reverse(number) text_pattern_ops);

create table number_choice (                       -- a shared number: who it was, the last time somebody was asked
    number text collate "C" primary key,
    client_id uuid not null,
    chosen_by uuid references app_user on delete set null,
    chosen_at timestamptz not null default now(),
    foreign key (number, client_id) references client_number (number, client_id) on delete cascade
);
create index number_choice_client on number_choice (client_id);

create table call (
    id uuid primary key,
    pbx text not null,
    linkedid text not null,
    direction text not null,
    caller_number text,
    caller_name text not null default '',
    caller_extension text,
    caller_endpoint text,
    dialed text,
    outside_number text collate "C",               -- what the client is looked up by
    queue text,
    queues text[] not null default '{}',
    client_id uuid references client on delete set null,
    started_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    ring_seconds float8 not null default 0,
    wait_seconds float8 not null default 0,
    talk_seconds float8 not null default 0,
    hold_seconds float8 not null default 0,
    outcome text,
    cause text,
    answered_by text[] not null default '{}',
    owner text,
    extensions text[] not null default '{}',       -- everyone who took part: who may see the record
    transfers jsonb not null default '[]',
    parked jsonb not null default '[]',
    conference text,
    voicemail boolean not null default false,
    ended_by text,
    complete boolean not null default true,
    disposition text,
    note text not null default '',
    recording text,
    originals jsonb,                               -- field -> hex of the bytes that came, where text had to be cleaned
    stored_at timestamptz not null default now()
);
create index call_started on call (started_at desc, id desc);
create index call_client on call (client_id, started_at desc) where client_id is not null;
create index call_number on call (outside_number, started_at desc);
create index call_extensions on call using gin (extensions) with (fastupdate = on);

create table call_leg (
    call_id uuid not null references call on delete cascade,
    position integer not null,
    extension text,
    endpoint text,
    number text,
    rang_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    result text,
    forwarded_to text,
    primary key (call_id, position)
);

create table call_alias (                          -- a consultation that became part of another call
    id uuid primary key,
    into_id uuid not null,
    merged_at timestamptz not null
);

create table history_entry (
    id uuid primary key,                           -- a call's entry has the call's id
    at timestamptz not null,
    kind text not null,
    client_id uuid references client on delete cascade,
    author uuid references app_user on delete set null,
    text text not null default '',                 -- what was written; a call's summary is made when it is read
    detail jsonb not null default '{}'
);
create index history_client on history_entry (client_id, at desc, id desc) where client_id is not null;

create table product (
    id uuid primary key,
    code text not null unique,
    name text not null,
    price numeric(12, 2) not null,
    unit text not null default '',
    active boolean not null default true
);

create table orders (
    id uuid primary key,
    number text not null unique,
    client_id uuid references client on delete set null,
    channel text not null default 'phone',
    state text not null default 'draft',
    total numeric(12, 2) not null default 0,
    delivery jsonb,
    payment jsonb,
    note text not null default '',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index orders_client on orders (client_id, created_at desc);
create index orders_created on orders (created_at desc, id desc);

create table order_line (
    order_id uuid not null references orders on delete cascade,
    position integer not null,
    product text not null,
    quantity numeric(12, 3) not null,
    price numeric(12, 2) not null,
    at timestamptz not null default now(),
    primary key (order_id, position)
);

create table task (
    id uuid primary key,
    client_id uuid references client on delete cascade,
    title text not null,
    number text,                                   -- whom to call, where it is not the client's own number
    due_at timestamptz,
    assignee uuid references app_user on delete set null,
    author uuid references app_user on delete set null,
    state text not null default 'open' check (state in ('open', 'done', 'dropped')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    done_at timestamptz
);
create index task_client on task (client_id) where state = 'open';
create index task_assignee on task (assignee, due_at) where state = 'open';

create table disposition (
    key text primary key,
    position integer not null,
    ru text not null,
    en text not null,
    active boolean not null default true
);
insert into disposition (key, position, ru, en) values
    ('solved', 1, 'Вопрос решён', 'Solved'),
    ('callback', 2, 'Перезвонить', 'Call back'),
    ('order', 3, 'Заказ', 'Order'),
    ('consultation', 4, 'Консультация', 'Advice given'),
    ('complaint', 5, 'Жалоба', 'Complaint'),
    ('refused', 6, 'Отказ', 'Refused'),
    ('wrong_number', 7, 'Ошиблись номером', 'Wrong number'),
    ('no_contact', 8, 'Не дозвонились', 'No contact'),
    ('spam', 9, 'Спам', 'Spam');

create table request_once (                        -- Idempotency-Key: kept 24 h
    user_id uuid not null references app_user on delete cascade,
    key text not null,
    body_hash bytea not null,
    status integer,
    answer jsonb,
    at timestamptz not null default now(),
    primary key (user_id, key)
);
create index request_once_at on request_once (at);

create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    user_id uuid,
    action text not null,
    subject text not null default '',
    detail jsonb not null default '{}'
);
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception 'the audit is append-only'; end $$;
create trigger audit_is_append_only before update or delete on audit for each row execute function refuse_change();
