-- What is known about the webhook at Podium: which secrets sign it, and what the last check has found.

-- Up Migration

-- The secrets of the webhook that a server has ever taken, as fingerprints.
create table webhook_secrets (
  fingerprint   text primary key,              -- HMAC keyed by the secret itself: tells nothing about it
  first_seen_at timestamptz not null default now(),
  last_used_at  timestamptz                    -- when it last verified an event, to the minute
);

-- The servers that run: each says so every few seconds, and takes its row along when it ends.
create table running_servers (
  id              uuid primary key,
  webhook_secrets text[] not null,             -- fingerprints, in the order of PODIUM_WEBHOOK_SECRETS
  seen_at         timestamptz not null
);

-- What the last check on the schedule has found.
create table webhook_checks (
  only_row   boolean primary key default true check (only_row),
  checked_at timestamptz not null,
  findings   jsonb not null                    -- WebhookFinding[]
);

-- Down Migration

drop table webhook_checks, running_servers, webhook_secrets;
