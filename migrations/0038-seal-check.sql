-- Something sealed with the key of the installation, so that a process with another key is refused before it seals anything.
create table seal_check (
  is_only boolean primary key default true check (is_only),
  sealed bytea not null,
  made_at timestamptz not null default now()
);
