-- Podium's conversation of an import, which is to be opened there. For a while 0015 made the column.

-- Up Migration

alter table widget_imports add column if not exists conversation_uid text;

-- Down Migration

alter table widget_imports drop column conversation_uid;
