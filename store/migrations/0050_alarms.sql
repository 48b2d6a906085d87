-- What tells that a session stands still.

-- Up Migration

-- When the session's workflow last dealt with a message; null in a session that has just begun. Its close is due from
-- there on at the latest.
alter table sessions add column dealt_at timestamptz;

-- Down Migration

alter table sessions drop column dealt_at;
