-- The tables of the product. Postgres is the authority on the inbox, opt-outs, contacts,
-- partial answers, sends and the audit; Temporal on live sessions; Podium on conversations.

-- Up Migration

-- Podium's stores, swapped as a whole by each reading of the list.
create table locations (
  uid              text primary key,
  name             text not null,
  country          text,                       -- ISO 3166-1 alpha-2; null where Podium has none
  archived         boolean not null,
  organization_uid text
);

create table location_readings (
  only_row boolean primary key default true check (only_row),
  read_at  timestamptz not null                -- when the list was last read whole
);

-- Every signed event that was answered 200, exactly once, as the bytes that came.
create table inbox_events (
  id              bigint generated always as identity primary key,
  contract        text not null check (contract in ('published', 'skill')),
  event_id        text not null,               -- Podium's, or the body's SHA-256 where it sends none
  event_type      text not null,
  message_uid     text,
  received_at     timestamptz not null,
  podium_at       timestamptz,                 -- Podium's time of the event; null when it gives none
  raw             bytea not null,              -- bytes, since U+0000 is legal in JSON and not in jsonb
  status          text not null check (status in ('pending', 'delivered', 'recorded', 'ignored', 'quarantined')),
  error_code      text,                        -- of a quarantined event
  error_message   text,
  phone_e164      text,
  location_uid    text,
  workflow_id     text,                        -- of the session that it is for
  message         jsonb,                       -- SessionMessage without its number, of a pending or delivered event
  delivery_number bigint,                      -- per session, given by the relay, kept over redeliveries
  delivered_at    timestamptz,
  unique (contract, event_id)
);
-- An organization's webhook and a location's may both deliver one message.
create unique index inbox_events_message on inbox_events (event_type, message_uid) where message_uid is not null;
create index inbox_events_pending on inbox_events (workflow_id, id) where status = 'pending';
create unique index inbox_events_numbers on inbox_events (workflow_id, delivery_number) where delivery_number is not null;
create index inbox_events_quarantined on inbox_events (error_code, location_uid) where status = 'quarantined';

-- One row per customer and store, from the first message on.
create table sessions (
  workflow_id       text primary key,
  session_uid       uuid not null default gen_random_uuid(),
  phone_e164        text not null,
  location_uid      text not null,
  status            text not null check (status in ('active', 'warned', 'closed')),
  close_reason      text,
  conversation_uid  text,
  last_number       bigint not null default 0, -- highest number that the relay gave
  handled_number    bigint not null default 0, -- highest number that the workflow has dealt with
  last_message_at   timestamptz,
  -- The relay's queue and lease in one: due when it has something to signal, in the future while leased.
  relay_due_at      timestamptz,
  relay_token       uuid,
  -- An opt-out at this time (Podium's clock) still has to be signalled to the session.
  opt_out_signal_at timestamptz,
  created_at        timestamptz not null default now(),
  closed_at         timestamptz,
  unique (phone_e164, location_uid)
);
create index sessions_relay_due on sessions (relay_due_at) where relay_due_at is not null;

-- Answers of an unfinished intake. Kept when the customer walks away, given back once.
create table partial_answers (
  phone_e164   text not null,
  location_uid text not null,
  state        jsonb not null,                 -- PartialState
  saved_at     timestamptz not null,
  claimed_by   text,                           -- first run id of the execution that got them back
  primary key (phone_e164, location_uid)
);

-- Opt-outs: the state per phone, and everything that ever changed it.
create table opt_outs (
  phone_e164  text primary key,
  opted_out   boolean not null,
  version     integer not null,
  source      text not null,                   -- webchat, text, operator, api, podium
  recorded_at timestamptz not null             -- by Podium's clock: the later event wins, a tie means opted out
);
create table opt_out_history (
  id           bigint generated always as identity primary key,
  phone_e164   text not null,
  version      integer not null,               -- of the state after this entry
  applied      boolean not null,               -- false when an older event changed nothing
  opted_out    boolean not null,
  source       text not null,
  actor        text not null,
  rule         text,                           -- which wording rule fired
  location_uid text,
  message_uid  text,
  event_at     timestamptz not null,           -- Podium's clock
  written_at   timestamptz not null default now()
);
create index opt_out_history_phone on opt_out_history (phone_e164, id);

-- The mirror of Podium's contacts: one per phone, whatever races.
create table contacts (
  phone_e164 text primary key,
  podium_uid text,
  name       text,
  updated_at timestamptz not null default now()
);
create table contact_locations (
  phone_e164   text not null references contacts on delete cascade,
  location_uid text not null,
  primary key (phone_e164, location_uid)
);

-- Every message that wanted to leave, and what became of it.
create table sends (
  id               uuid primary key,           -- made by the sender, so a retry is the same send
  phone_e164       text not null,
  phone_hash       text not null,              -- the audit's name for the phone
  location_uid     text not null,
  workflow_id      text,
  conversation_uid text,
  purpose          text not null,
  body_hash        bytea not null,             -- SHA-256 of the body, blanks evened out
  status           text not null check (status in ('intent', 'sent', 'blocked', 'refused', 'not_sent')),
  attempts         integer not null,           -- how often the door let it through
  uncertain        boolean not null default false, -- of one of the attempts nobody learned what became of it
  message_uid      text,
  error_code       text,
  intended_at      timestamptz not null,       -- of the first attempt: an unknown outcome is looked for from here on
  settled_at       timestamptz
);
create unique index sends_message on sends (message_uid) where message_uid is not null;
create index sends_awaiting_echo on sends (phone_e164, location_uid) where message_uid is null and attempts > 0;

-- Under whom Podium files what we send, as its echoes have told: what this sender writes is nobody's hand.
create table our_senders (
  sender_uid text primary key,
  learned_at timestamptz not null default now()
);

-- Notes for the agent: the text waits here, and workflows carry the row's id only.
create table agent_notes (
  id               uuid primary key default gen_random_uuid(),
  note_key         text not null unique,       -- so that a retried activity writes it once
  phone_e164       text not null,
  location_uid     text not null,
  workflow_id      text,
  conversation_uid text,
  body             text,                       -- null: nothing to say, only to close
  close            boolean not null default false, -- close the conversation after the note
  created_at       timestamptz not null default now(),
  posted_at        timestamptz,
  refused_code     text                        -- why Podium has refused the note, or its close, for good
);

-- Workflows to be started: written in the transaction that wants them, started by the relay.
create table workflow_starts (
  id            bigint generated always as identity primary key,
  workflow_type text not null,
  workflow_id   text not null,
  args          jsonb not null,                -- row ids, never a text or a phone
  due_at        timestamptz not null default now()
);
create index workflow_starts_due on workflow_starts (due_at);

-- Podium's refresh token, since a new one may come with each access token.
create table podium_tokens (
  only_row      boolean primary key default true check (only_row),
  key_id        text not null,                 -- of the key that encrypted it
  refresh_token bytea not null,                -- encrypted
  updated_at    timestamptz not null default now()
);

-- What happened, for a regulator and for the operator. Phones as keyed hashes only.
create table audit_entries (
  id           bigint generated always as identity primary key,
  entry_key    text unique,                    -- so that a retried act is written once; null where it cannot be retried
  at           timestamptz not null default now(),
  kind         text not null,
  phone_hash   text,
  location_uid text,
  workflow_id  text,
  details      jsonb not null default '{}'
);
create index audit_entries_phone on audit_entries (phone_hash, id);

-- Down Migration

drop table audit_entries, podium_tokens, workflow_starts, agent_notes, our_senders, sends, contact_locations, contacts,
  opt_out_history, opt_outs, partial_answers, sessions, inbox_events, location_readings, locations;
