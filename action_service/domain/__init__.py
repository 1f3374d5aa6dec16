"""Decisions without I/O: plans, order, state machines, retries."""
