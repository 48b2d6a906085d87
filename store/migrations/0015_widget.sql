-- What the widget has on the server: who may see replies, the replies, and the customer's messages on their way into
-- Podium.

-- Up Migration

-- Browsers that have written to a store, by the digest of a token that only the browser has.
create table widget_conversations (
  id           bigint generated always as identity primary key,
  token_hash   bytea not null,                 -- SHA-256
  location_uid text not null,
  phone_e164   text not null,                  -- as typed last
  -- The session that its last message came into; null where that came into none, as of somebody opted out.
  session_uid  uuid,
  began        boolean not null default false, -- its message has begun that session: it is shown the replies
  -- Somebody else has a part in that session: it is shown that there is a reply, and not what it says.
  private      boolean not null default false,
  -- Persons of the store may be answering what did not come from this browser: the same of what they write.
  persons_private boolean not null default false,
  last_number  integer not null default 0,     -- of the replies that may be shown
  written_at   timestamptz not null default now(), -- its last message
  unique (token_hash, location_uid)
);
create unique index widget_conversations_began on widget_conversations (session_uid) where began;
create index widget_conversations_phone on widget_conversations (phone_e164);

-- What is shown to such a browser, from the door on: what has a number was sent.
create table widget_replies (
  id              bigint generated always as identity primary key,
  conversation_id bigint not null references widget_conversations on delete cascade,
  phone_e164      text not null,
  number          integer,                     -- 1, 2, 3… in the order in which they may be shown
  send_id         uuid unique,                 -- null for a person's message
  came_from       text not null check (came_from in ('robot', 'person')),
  said_at         timestamptz not null default now(),
  body            text,                        -- null where it is not for this browser
  has_file        boolean not null,
  unique (conversation_id, number)
);
create index widget_replies_phone on widget_replies (phone_e164);
create index widget_replies_said on widget_replies (said_at);

-- Customers' messages that are to stand in Podium's inbox: workflows know them by their ids.
create table widget_imports (
  id           uuid primary key,
  event_id     text not null unique,           -- of the inbox
  phone_e164   text not null,
  phone_hash   text not null,                  -- the audit's name for the phone
  location_uid text not null,
  name         text,
  reopen       boolean not null,               -- Podium leaves the conversation of an import closed; false once it is open
  body         text,                           -- gone once it is settled
  body_hash    bytea not null,                 -- by which its echo is known
  written_at   timestamptz not null,
  status       text not null default 'pending' check (status in ('pending', 'imported', 'refused')),
  attempts     integer not null default 0,
  tried_since  timestamptz,                    -- the first attempt of which nobody learned what became of it
  message_uid  text,                           -- Podium's
  echoed_at    timestamptz,                    -- when an event was taken for its echo, by its words
  error_code   text,
  settled_at   timestamptz
);
create index widget_imports_phone on widget_imports (phone_e164, location_uid);
create unique index widget_imports_message on widget_imports (message_uid) where message_uid is not null;

-- Which browser an event came from, as in `widget_conversations`; null for what did not come from one.
alter table inbox_events add column browser bytea;
create index inbox_events_customer on inbox_events (phone_e164, location_uid) where phone_e164 is not null;

-- Down Migration

drop index inbox_events_customer;
alter table inbox_events drop column browser;
drop table widget_imports, widget_replies, widget_conversations;
