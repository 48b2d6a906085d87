-- An import that was tried while nobody knew what became of the attempt before may come through twice.

-- Up Migration

alter table widget_imports add column uncertain boolean not null default false;
alter table widget_imports add column double_uids text[] not null default '{}'; -- of its further messages; null where one has none

-- Down Migration

alter table widget_imports drop column double_uids, drop column uncertain;
