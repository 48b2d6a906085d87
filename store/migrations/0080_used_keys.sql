-- The keys with which this database has been used, so that no process works on it with others.

-- Up Migration

create table used_keys (
  purpose       text not null check (purpose in ('ids', 'encryption', 'audit')),
  key_id        text not null,                 -- as it stands with what is encrypted or sealed; of ids the fingerprint
  fingerprint   text not null,                 -- HMAC keyed by the key itself: tells nothing about it
  first_used_at timestamptz not null default now(),
  primary key (purpose, key_id)
);

-- Down Migration

drop table used_keys;
