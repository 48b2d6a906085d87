-- `good_until` came without a default, and the processes of the version before it write texts of ours without it.

-- Up Migration

alter table own_texts alter column good_until set default now() + interval '30 minutes';

-- Down Migration

alter table own_texts alter column good_until drop default;
