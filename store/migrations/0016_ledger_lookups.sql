-- The ledger's second thoughts, what is void for good, and the look-ups by phone that a receiving transaction makes.
-- Beside the version before: new columns have defaults, that of `own_texts.good_until` by 0060.

-- Up Migration

alter table opt_outs
  add column row_id         uuid not null default gen_random_uuid(), -- names the row where no phone may stand
  add column spoken_at      timestamptz,       -- when customer or store last said something while opted out
  add column second_look_id bigint;            -- entry of the history that Podium is asked about once more
create unique index opt_outs_row_id on opt_outs (row_id);

-- An opt-out came while it waited, or was on the wire: it does not leave any more, whatever the customer says later.
alter table sends add column voided_at timestamptz;

-- Since when the row is open: what was delivered before that went to an earlier run.
alter table sessions add column opened_at timestamptz;
update sessions set opened_at = created_at;
alter table sessions alter column opened_at set not null, alter column opened_at set default now();

-- What is said later than that answers nobody any more.
alter table own_texts add column good_until timestamptz;
update own_texts set good_until = created_at + interval '30 minutes';
alter table own_texts alter column good_until set not null;

-- How far a look at everyone has come: rows of the ledger first, then contacts of whom the ledger knows nothing.
alter table opt_out_audits
  add column ledger_done_to  uuid,
  add column contact_done_to uuid;

-- Down Migration

alter table opt_out_audits drop column ledger_done_to, drop column contact_done_to;
alter table own_texts drop column good_until;
alter table sessions drop column opened_at;
alter table sends drop column voided_at;
drop index opt_outs_row_id;
-- An opt-out in doubt counts in a version that does not know of doubts.
update opt_outs set opted_out = true, version = opt_outs.version + 1, source = entry.source, recorded_at = entry.event_at
  from opt_out_history entry where entry.id = opt_outs.second_look_id;
update opt_out_history entry set applied = true, version = opt_outs.version
  from opt_outs where entry.id = opt_outs.second_look_id;
alter table opt_outs drop column row_id, drop column spoken_at, drop column second_look_id;
