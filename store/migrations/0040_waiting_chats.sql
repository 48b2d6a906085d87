-- Chats that wait for a person of the store, whether their session is still open or not.

-- Up Migration

-- Since when; null once a person has written, or the chat was closed.
alter table sessions add column waiting_since timestamptz;

-- Down Migration

alter table sessions drop column waiting_since;
