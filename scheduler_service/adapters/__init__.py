"""The ports on real things: Postgres and NATS."""
