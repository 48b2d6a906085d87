-- Since when each key is used for what is new: a process without the one that came to the front last does not start.

-- Up Migration

alter table used_keys add column in_front_since timestamptz; -- null: it has only ever stood behind another one
update used_keys set in_front_since = first_used_at;         -- of before: nobody knows any more which one was in front

-- Down Migration

alter table used_keys drop column in_front_since;
