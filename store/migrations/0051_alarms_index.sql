-- By which what somebody has to be told of is found in the audit, which is never pruned.
-- No transaction: the index is made while everything runs. One that broke off is there, and invalid; so it is dropped first.

-- Up Migration

drop index concurrently if exists audit_entries_alarms;
create index concurrently audit_entries_alarms on audit_entries (at)
  where kind in ('send_after_opt_out', 'opt_out_without_phone');

-- Down Migration

drop index audit_entries_alarms;
