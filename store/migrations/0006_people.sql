-- Contacts over time: which of Podium's contacts was whose when, and how far Podium knows our opt-outs.

-- Up Migration

alter table contacts
  add column contact_id uuid not null default gen_random_uuid() unique, -- names the row where no phone may stand
  add column podium_at  timestamptz;         -- Podium's time of the youngest event that has taken effect
create index contacts_podium_uid on contacts (podium_uid) where podium_uid is not null;

alter table contact_locations
  add column name    text,                   -- what the customer is called at this store
  add column gone_at timestamptz;            -- since when Podium has no contact there: to be seen to again

create table contact_history (
  id           bigint generated always as identity primary key,
  phone_e164   text not null,
  change       text not null check (change in ('linked', 'renamed', 'merged', 'deleted', 'phone_removed')),
  podium_uid   text,                         -- of Podium's contact; of a merge the one that is gone
  into_uid     text,                         -- of a merge: the one that is left
  name         text,
  location_uid text,                         -- where the name is used; null for Podium's own name of the contact
  podium_at    timestamptz,                  -- Podium's time; null where it was learned by asking
  written_at   timestamptz not null default now()
);
create index contact_history_phone on contact_history (phone_e164, id);

-- Which of Podium's contacts an opt-out of source podium is of: only that one can take it away.
alter table opt_out_history add column contact_uid text;

-- How far Podium knows the present state of a phone. The ledger does not look at it.
create table opt_out_mirrors (
  phone_e164          text primary key,
  history_id          bigint not null,       -- the entry that Podium is to know
  opted_out           boolean not null,
  state               text not null check (state in ('pending', 'told', 'not_permitted', 'refused')),
  location_uid        text,                  -- the store by which it was tried last
  attempts            integer not null default 0,
  last_attempt_at     timestamptz,
  told_at             timestamptz,
  not_permitted_since timestamptz,
  error_code          text,                  -- of the last attempt; null when it was taken
  -- When Podium was last being told of an opt-out: what it tells of that time is our own echo.
  out_call_from       timestamptz,
  out_call_until      timestamptz            -- null while it is at work
);
create index opt_out_mirrors_state on opt_out_mirrors (state, location_uid);

-- Down Migration

drop table opt_out_mirrors, contact_history;
alter table opt_out_history drop column contact_uid;
alter table contact_locations drop column name, drop column gone_at;
drop index contacts_podium_uid;
alter table contacts drop column contact_id, drop column podium_at;
