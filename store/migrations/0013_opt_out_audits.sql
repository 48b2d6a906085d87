-- Whether our ledger and Podium say the same of opt-outs: a look at everyone, again and again.

-- Up Migration

-- Each look at everyone, with what it has come to so far.
create table opt_out_audits (
  id          bigint generated always as identity primary key,
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  agreed      integer not null default 0,
  drifted     jsonb not null default '{}',     -- how many by reason (DriftReason), mended ones too
  mended      integer not null default 0,
  not_asked   integer not null default 0       -- nobody can tell: Podium did not answer, or not yet
);
-- One at a time: a look that was cut off is gone on with.
create unique index opt_out_audits_unfinished on opt_out_audits ((true)) where finished_at is null;

-- The phones that the present look has still to come to: workflows know them by their ids.
create table phones_to_audit (
  id         bigint generated always as identity primary key,
  phone_e164 text not null unique
);

-- The phones of which the last look that could be made found drift. It goes with a look that finds none.
create table opt_out_drifts (
  phone_e164    text primary key,
  reason        text not null,
  first_seen_at timestamptz not null,          -- with this reason
  last_seen_at  timestamptz not null,
  told_again    boolean not null               -- Podium was, for the last look; else nothing was done about it
);

-- Down Migration

drop table opt_out_drifts, phones_to_audit, opt_out_audits;
