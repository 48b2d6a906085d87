-- Erasing a person, and what must survive it: that nothing may be sent, and that nothing comes back.
-- Beside the version before: it writes the states that it knows, which all may still be.

-- Up Migration

-- `erased`: what is left of an event is its id and that of its message, so that it is not taken for new.
alter table inbox_events drop constraint inbox_events_status_check;
alter table inbox_events add constraint inbox_events_status_check
  check (status in ('pending', 'delivered', 'recorded', 'ignored', 'quarantined', 'erased'));
-- What is deleted by its age. The rows come in the order of time, so a small index does.
create index inbox_events_received on inbox_events using brin (received_at);

-- The keys that have ever made a name of a phone in the tables below. Without one of them nobody can tell any
-- more whether a phone may be sent to.
create table suppression_keys (
  id            text primary key,              -- fingerprint: tells nothing about the key
  first_used_at timestamptz not null default now()
);

-- Phones that were erased while nothing could be sent to them.
create table suppressions (
  phone_key     bytea primary key,             -- HMAC-SHA256 of the phone
  key_id        text not null references suppression_keys,
  suppressed_at timestamptz not null default now()
);

-- The receipts.
create table erasures (
  id           uuid primary key default gen_random_uuid(),
  at           timestamptz not null,           -- what was written before it is erased, also when it comes later
  actor        text not null,                  -- as declared
  phone_hash   text not null,                  -- the audit's name for the phone
  phone_key    bytea not null,                 -- as in `suppressions`
  key_id       text not null references suppression_keys,
  suppressed   boolean not null,
  counts       jsonb not null default '{}',    -- rows by table, and what was deleted elsewhere
  workflow_ids text[] not null default '{}',   -- whose histories are to be deleted; they hold no phone
  file_ids     uuid[] not null default '{}',   -- whose contents are still to be deleted
  finished_at  timestamptz                     -- null: something is left to do
);
create index erasures_phone on erasures (phone_key, at);

create index sends_phone on sends (phone_e164);
create index agent_notes_phone on agent_notes (phone_e164);

-- Down Migration

drop index sends_phone, agent_notes_phone;
drop table erasures, suppressions, suppression_keys;
drop index inbox_events_received;
update inbox_events set status = 'ignored' where status = 'erased';
alter table inbox_events drop constraint inbox_events_status_check;
alter table inbox_events add constraint inbox_events_status_check
  check (status in ('pending', 'delivered', 'recorded', 'ignored', 'quarantined'));
