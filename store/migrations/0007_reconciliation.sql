-- Messages whose webhook event never came: what was looked at in Podium, and what is still to be read.

-- Up Migration

-- The first look at a location goes back to when it was first on the list.
alter table locations add column first_read_at timestamptz not null default now();

-- Up to when Podium's conversations of a location have been listed. Those that had changed are to be read.
create table reconciliation_looks (
  location_uid text primary key,
  listed_until timestamptz not null
);

-- Conversations that have changed, until they are read. A phone stands here for minutes, for weeks at most where
-- Podium never gives the conversation, and in no workflow.
create table conversations_to_read (
  id               bigint generated always as identity primary key,
  conversation_uid text not null unique,
  looked_at_uid    text not null,               -- the location whose list it stood in
  location_uid     text,                        -- as the conversation itself says
  channel          text,
  identifier       text,
  since            timestamptz not null,        -- messages before it are known
  cursors          text[] not null default '{}' -- of the pages read so far: the next one, and whether they go in a circle
);
create index conversations_to_read_location on conversations_to_read (looked_at_uid, id);

create table reconciliation_totals (
  only_row    boolean primary key default true check (only_row),
  last_run_at timestamptz,                      -- when the list of locations was last gone through to its end
  finds       bigint not null default 0         -- customers' messages that came in by no webhook
);
insert into reconciliation_totals default values;

-- SHA-256 of the words of a customer's message, blanks evened out: where the event has no message uid (skill
-- contract) the message as Podium lists it is known by it. Null once the two have been recognized as one.
alter table inbox_events add column body_hash bytea;
create index inbox_events_words on inbox_events (location_uid, body_hash) where body_hash is not null;
-- A message that begins a session may be found after those that were ignored for want of it.
create index inbox_events_ignored on inbox_events (phone_e164, location_uid) where status = 'ignored';

-- Down Migration

drop index inbox_events_words, inbox_events_ignored;
alter table inbox_events drop column body_hash;
drop table reconciliation_totals, conversations_to_read, reconciliation_looks;
alter table locations drop column first_read_at;
