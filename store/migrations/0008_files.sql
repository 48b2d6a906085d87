-- Files of customers: what is known of each. The contents are in the file store, under the same id.

-- Up Migration

create table files (
  id               uuid primary key,
  came_by          text not null,              -- podium: with an event of its webhook
  message_uid      text,                       -- Podium's, of the message that it came with
  phone_e164       text not null,
  location_uid     text not null,
  conversation_uid text,
  stem             text not null,              -- of its name: safe in a path, without an ending
  link_key_id      text,                       -- of the key that encrypted the link
  link             bytea,                      -- encrypted, while it is to be fetched; gone once that is settled
  status           text not null check (status in ('pending', 'kept', 'refused', 'expired', 'without_link', 'deleted')),
  error_code       text,                       -- why it was refused or has expired
  content_type     text,                       -- as the first bytes tell; of a kept file, and later on
  extension        text,
  size_bytes       bigint,
  sha256           bytea,
  received_at      timestamptz not null,
  settled_at       timestamptz,                -- when it was kept, refused or given up
  deleted_at       timestamptz
);
create index files_customer on files (phone_e164, location_uid, received_at);
create index files_status on files (status, settled_at);

-- Down Migration

drop table files;
