-- What tells that a session stands still, and of what somebody has to be told.

-- Up Migration

-- When the session's workflow last dealt with a message; null in a session that has just begun. Its close is due from
-- there on at the latest.
alter table sessions add column dealt_at timestamptz;
create index audit_entries_alarms on audit_entries (at) where kind in ('send_after_opt_out', 'opt_out_without_phone');

-- Down Migration

drop index audit_entries_alarms;
alter table sessions drop column dealt_at;
