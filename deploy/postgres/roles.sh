#!/bin/sh
# Run by the image of Postgres when it makes a new database: a role each for ours and for Temporal. Neither is a
# superuser, so that the connections that Postgres keeps back for those are free when somebody has to look.
set -eu
psql --username=postgres --dbname=podium_webchat --set=ON_ERROR_STOP=1 \
  --set=webchat="$WEBCHAT_POSTGRES_PASSWORD" --set=temporal="$TEMPORAL_POSTGRES_PASSWORD" <<'SQL'
create role webchat login password :'webchat';
create role temporal login createdb password :'temporal';
alter database podium_webchat owner to webchat;
SQL
