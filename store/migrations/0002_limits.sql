-- Podium's limits, as all processes keep them together.

-- Up Migration

-- Endpoints that Podium has answered 429: nobody calls them before their time.
create table podium_pauses (
  endpoint text primary key,                   -- method and path without ids, as POST /v4/messages
  began_at timestamptz not null,
  until    timestamptz not null                -- by our clock; past for a pause that is over
);

-- Calls outside of the queue podium-api, which the engine does not count. The columns are those that
-- rate-limiter-flexible works with; there is one row.
create table podium_calls (
  key    varchar(255) primary key,
  points integer not null default 0,
  expire bigint                                -- end of the window, in ms since 1970
);

-- Down Migration

drop table podium_calls, podium_pauses;
