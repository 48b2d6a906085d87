-- The ledger in full: wishes in other words, proof, texts of our own outside of a session, and the one text that an
-- opt-out itself permits.
-- Stop the version before: it writes and reads `opted_out` of the history, which is gone, and does not know `wish`.

-- Up Migration

-- A wish in other words suppresses all sends until a person of the store has decided: since when, by Podium's clock.
-- It leaves the other columns as they are, which say what was decided last; null where nothing ever was.
alter table opt_outs
  add column undecided_at timestamptz,
  alter column source drop not null,
  alter column recorded_at drop not null;
comment on column opt_outs.version is 'Counts the changes of the row';

alter table opt_out_history
  add column wish  text check (wish in ('opt_out', 'opt_in', 'ask', 'dismiss')),
  add column proof text;                       -- of an opt-in or an import: what it rests on, as declared
update opt_out_history set wish = case when opted_out then 'opt_out' else 'opt_in' end;
alter table opt_out_history alter column wish set not null, drop column opted_out;

-- Texts that no session sends: the answer to HELP, the confirmation of an opt-out. The workflow carries the id only.
create table own_texts (
  id           uuid primary key,               -- the send's as well
  once_key     text not null unique,           -- so that each is sent once
  phone_e164   text not null,
  location_uid text not null,
  purpose      text not null,
  body         text not null,
  created_at   timestamptz not null default now()
);

-- The one text that may go to a phone that has just opted out: by the opt-out's own transaction, for this send only.
create table opt_out_permits (
  send_id    uuid primary key,
  phone_e164 text not null,
  version    integer not null,                 -- of the state; an opt-in after it voids the permit
  expires_at timestamptz not null
);

-- Down Migration

drop table opt_out_permits, own_texts;
-- Whose wish nobody has decided about gets no texts in a version that does not know the state either.
update opt_outs set opted_out = true, source = coalesce(source, 'operator'), recorded_at = coalesce(recorded_at, undecided_at)
  where undecided_at is not null;
alter table opt_outs drop column undecided_at, alter column source set not null, alter column recorded_at set not null;
comment on column opt_outs.version is null;
alter table opt_out_history add column opted_out boolean;
delete from opt_out_history where wish = 'dismiss';
update opt_out_history set opted_out = wish <> 'opt_in';
alter table opt_out_history alter column opted_out set not null, drop column wish, drop column proof;
