-- A "yes" of the widget that waits for its import is not imported once its phone has opted out.

-- Up Migration

alter table widget_imports add column may_opt_in boolean not null default false;

-- Down Migration

alter table widget_imports drop column may_opt_in;
