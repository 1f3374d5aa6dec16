#!/bin/sh
# Runs once, in an empty database server: makes the services' role, which is no superuser, so that
# row-level security applies to it, and their database.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$TREADLE_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE treadle LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE treadle OWNER treadle;
SQL
