-- What people add to a call (note, disposition, client) has a version, as clients, tasks and users have: `If-Match`.

alter table call add column version integer not null default 1;
