-- Contents that are on their way into the file store, so that one that nobody came to keep is deleted.

-- Up Migration

create table file_uploads (
  id       uuid primary key,                   -- the file's
  begun_at timestamptz not null default now(), -- before the content comes into the store
  unwanted boolean not null default false      -- nobody may keep it any more; its content is being deleted
);
create index file_uploads_age on file_uploads (begun_at);

-- Down Migration

drop table file_uploads;
