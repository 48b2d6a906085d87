-- Indexes of what a monitoring system asks for every few seconds: they hold what is open, and stay small.

-- Up Migration

create index sessions_open on sessions (status) where status <> 'closed';
create index sends_unsettled on sends (intended_at) where status in ('intent', 'not_sent');

-- Down Migration

drop index sessions_open, sends_unsettled;
