#!/bin/sh
# The namespace, and what sessions are searched by. Safe to run again.
set -eu
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h
temporal operator search-attribute create \
  --name WebchatStatus --type Keyword \
  --name WebchatLocation --type Keyword \
  --name WebchatLastCustomerMessageAt --type Datetime \
  --name WebchatCloseReason --type Keyword
