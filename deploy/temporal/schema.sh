#!/bin/sh
# Temporal's two databases, at the newest schema that the image knows. Safe to run again.
set -eu
setup() {
  temporal-sql-tool --db "$1" create
  temporal-sql-tool --db "$1" setup-schema --version 0.0
  temporal-sql-tool --db "$1" update-schema --schema-name "postgresql/v12/$2"
}
setup temporal temporal
setup temporal_visibility visibility
