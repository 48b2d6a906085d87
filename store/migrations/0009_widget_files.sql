-- Messages and files that come from the widget, and files that leave.
-- Beside the version before: it writes the contracts that it knows, and no files of the widget.

-- Up Migration

alter table inbox_events drop constraint inbox_events_contract_check;
alter table inbox_events add constraint inbox_events_contract_check
  check (contract in ('published', 'skill', 'widget'));
comment on column inbox_events.event_id is 'Podium''s, or the body''s SHA-256 where it sends none; of the widget, the SHA-256 of phone, location and the widget''s id';

comment on column files.came_by is 'podium: with an event of its webhook; widget: with an upload; operator: for the customer';
comment on column files.message_uid is 'Podium''s, of the message that it came with; of the widget, the event''s id';
-- One message of the widget brings one file, however often it is sent.
create unique index files_widget on files (message_uid) where came_by = 'widget' and status in ('kept', 'deleted');

-- Files from the store that are sent: each is one of `sends`, of the same id, once it has come to the door.
create table file_sends (
  id           uuid primary key,               -- the send's
  file_id      uuid not null,
  phone_e164   text not null,
  location_uid text not null,
  body         text not null,                  -- the words that go with it
  forwarded    boolean not null,               -- a customer's own file, shown to the store; else it goes to the customer
  wanted_by    text not null,                  -- the operator, or widget
  created_at   timestamptz not null default now()
);

-- Down Migration

drop table file_sends;

drop index files_widget;
comment on column files.message_uid is null;
comment on column files.came_by is null;
comment on column inbox_events.event_id is null;
delete from inbox_events where contract = 'widget';
alter table inbox_events drop constraint inbox_events_contract_check;
alter table inbox_events add constraint inbox_events_contract_check check (contract in ('published', 'skill'));
