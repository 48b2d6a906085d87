-- Where an operator has paused the robot: nothing that it says by itself leaves meanwhile.

-- Up Migration

create table robot_pauses (
  place     text primary key,                  -- the uid of a location, or * for all
  paused_at timestamptz not null default now(),
  actor     text not null
);

-- Down Migration

drop table robot_pauses;
