-- A confirmed opt-out puts off what tells Podium, and finds it by its id, also while a hundred thousand wait for Temporal.

-- Up Migration

create index workflow_starts_workflow on workflow_starts (workflow_id);

-- Down Migration

drop index workflow_starts_workflow;
