-- By which the acts of operators are found among everything that the audit has: those of one, and those of a kind.
-- No transaction: the index is made while everything runs. One that broke off is there, and invalid; so it is dropped first.

-- Up Migration

drop index concurrently if exists audit_entries_acts;
create index concurrently audit_entries_acts on audit_entries ((details ->> 'actor'), id)
  where details ->> 'actor' not in ('customer', 'podium');

-- Down Migration

drop index audit_entries_acts;
