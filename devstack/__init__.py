"""Runs all of Treadle on one machine: embedded Postgres and NATS, every service, the demo."""
