"""Postgres and NATS behind the service's ports."""
