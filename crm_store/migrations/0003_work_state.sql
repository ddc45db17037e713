-- What a user chose to be (ready, paused and why): he finds it again after a restart of the server.

create table work_state (
    user_id uuid primary key references app_user on delete cascade,
    state text not null,
    reason text,
    chosen_at timestamptz not null default now()
);
