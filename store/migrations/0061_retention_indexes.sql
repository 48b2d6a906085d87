-- By which retention finds what is old, the oldest first. A small index of blocks (BRIN) does not do: rows that are
-- deleted leave room for new ones, and then every block has rows of all ages.
-- No transaction: an index is made while everything runs. One that broke off is there, and invalid; so each is
-- dropped first, and this can be repeated.

-- Up Migration

drop index concurrently if exists inbox_events_received;
drop index concurrently if exists inbox_events_outdated;
create index concurrently inbox_events_outdated on inbox_events (received_at)
  where status in ('delivered', 'recorded', 'ignored');
drop index concurrently if exists inbox_events_erased;
create index concurrently inbox_events_erased on inbox_events (received_at) where status = 'erased';
drop index concurrently if exists agent_notes_created;
create index concurrently agent_notes_created on agent_notes (created_at);
drop index concurrently if exists own_texts_created;
create index concurrently own_texts_created on own_texts (created_at);
drop index concurrently if exists opt_out_permits_expires;
create index concurrently opt_out_permits_expires on opt_out_permits (expires_at);
drop index concurrently if exists file_sends_created;
create index concurrently file_sends_created on file_sends (created_at);
drop index concurrently if exists sends_intended;
create index concurrently sends_intended on sends (intended_at);
drop index concurrently if exists widget_conversations_written;
create index concurrently widget_conversations_written on widget_conversations (written_at);
drop index concurrently if exists widget_imports_settled;
create index concurrently widget_imports_settled on widget_imports (settled_at);
drop index concurrently if exists files_outdated;
create index concurrently files_outdated on files (received_at) where status not in ('pending', 'kept');
drop index concurrently if exists sessions_outdated;
create index concurrently sessions_outdated on sessions (closed_at) where status = 'closed' and relay_due_at is null;
drop index concurrently if exists partial_answers_saved;
create index concurrently partial_answers_saved on partial_answers (saved_at);

-- Down Migration

create index inbox_events_received on inbox_events using brin (received_at);
drop index inbox_events_outdated, inbox_events_erased, agent_notes_created, own_texts_created, opt_out_permits_expires,
  file_sends_created, sends_intended, widget_conversations_written, widget_imports_settled, files_outdated,
  sessions_outdated, partial_answers_saved;
