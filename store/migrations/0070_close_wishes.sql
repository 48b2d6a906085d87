-- Why a person wanted a session closed: words, so they stand beside the audit, which holds none, and go with the person.

-- Up Migration

create table close_wishes (
  entry_key    text primary key,               -- of the audit's entry about the close
  phone_e164   text not null,
  location_uid text not null,
  reason       text not null,                  -- as somebody has written it
  closed_at    timestamptz not null default now()
);
create index close_wishes_phone on close_wishes (phone_e164);
create index close_wishes_age on close_wishes (closed_at);

-- Down Migration

drop table close_wishes;
