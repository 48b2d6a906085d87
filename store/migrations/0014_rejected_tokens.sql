-- Podium may give access tokens and accept none of them: when that was last seen.

-- Up Migration

alter table podium_tokens add column tokens_rejected_at timestamptz;

-- Down Migration

alter table podium_tokens drop column tokens_rejected_at;
