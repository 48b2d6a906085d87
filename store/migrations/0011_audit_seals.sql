-- The audit's seals: each row's is an HMAC over the row and the seal before it, so that a change shows.
-- Beside the version before: its rows have no seal, and get one from the first server of this version.

-- Up Migration

-- Filled by the one sealer, seconds after the row itself. The numbers are the order of the chain: rows commit
-- out of the order of their ids.
alter table audit_entries
  add column seal_number bigint,
  add column seal        bytea,                -- HMAC-SHA256
  add column seal_key    text,                 -- id of the key, which is not in the database
  add column sealed_at   timestamptz,
  add constraint audit_entries_sealed_whole check (num_nulls(seal_number, seal, seal_key, sealed_at) in (0, 4));
create unique index audit_entries_seals on audit_entries (seal_number) where seal_number is not null;
create index audit_entries_unsealed on audit_entries (id) where seal_number is null;

-- Down Migration

drop index audit_entries_unsealed, audit_entries_seals;
alter table audit_entries drop constraint audit_entries_sealed_whole,
  drop column sealed_at, drop column seal_key, drop column seal, drop column seal_number;
