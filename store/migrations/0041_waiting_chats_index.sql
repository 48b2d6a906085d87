-- By which chats that wait for a person are counted and listed.
-- No transaction: the index is made while everything runs. One that broke off is there, and invalid; so it is dropped first.

-- Up Migration

drop index concurrently if exists sessions_waiting;
create index concurrently sessions_waiting on sessions (waiting_since) where waiting_since is not null;

-- Down Migration

drop index sessions_waiting;
