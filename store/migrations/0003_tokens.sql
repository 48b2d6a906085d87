-- One access token for all processes, and what is known about our access to Podium.
-- Stop the version before: it knows the columns by their old names, and would lose a refresh token that Podium rotates.

-- Up Migration

alter table podium_tokens rename column key_id to refresh_key_id;
alter table podium_tokens rename column updated_at to refresh_token_at;
alter table podium_tokens
  alter column refresh_key_id drop not null,   -- all three null where only the environment's was ever used
  alter column refresh_token drop not null,
  alter column refresh_token_at drop not null,
  alter column refresh_token_at drop default,
  add column access_key_id     text,           -- of the key that encrypted the access token
  add column access_token      bytea,          -- encrypted
  add column access_issued_at  timestamptz,
  add column access_expires_at timestamptz,
  add column scopes            text[],         -- as Podium said with the token; null where it said nothing
  add column grants            bigint not null default 0,  -- how often Podium gave a token: the row's version
  add column refused_since     timestamptz,    -- no refresh token is accepted; null while access works
  add column refused_code      text,           -- Podium's code for that
  add column refused_tokens    text[] not null default '{}',  -- hashes of those: any other one is tried at once
  add column paused_until      timestamptz;    -- nobody asks for a token before

-- Down Migration

delete from podium_tokens where refresh_token is null;
alter table podium_tokens
  drop column access_key_id,
  drop column access_token,
  drop column access_issued_at,
  drop column access_expires_at,
  drop column scopes,
  drop column grants,
  drop column refused_since,
  drop column refused_code,
  drop column refused_tokens,
  drop column paused_until,
  alter column refresh_key_id set not null,
  alter column refresh_token set not null,
  alter column refresh_token_at set not null,
  alter column refresh_token_at set default now();
alter table podium_tokens rename column refresh_key_id to key_id;
alter table podium_tokens rename column refresh_token_at to updated_at;
