-- Texts that Podium had taken and that did not arrive after all (`message.failed`).
-- Beside the version before: it writes the states that it knows, which all may still be.

-- Up Migration

alter table sends drop constraint sends_status_check;
alter table sends add constraint sends_status_check
  check (status in ('intent', 'sent', 'failed', 'blocked', 'refused', 'not_sent'));
alter table sends
  add column sent_at        timestamptz,       -- Podium's time of the message: what is written later may answer it
  add column failure_reason text,              -- of a failed send, in Podium's words; error_code has what they come to
  add column failed_at      timestamptz;       -- when we heard of it
comment on column sends.intended_at is 'Of the first attempt that may have left: an unknown outcome is looked for from here on';

-- Down Migration

comment on column sends.intended_at is null;
alter table sends drop column sent_at, drop column failure_reason, drop column failed_at;
update sends set status = 'sent' where status = 'failed';
alter table sends drop constraint sends_status_check;
alter table sends add constraint sends_status_check
  check (status in ('intent', 'sent', 'blocked', 'refused', 'not_sent'));
