"""Walks one contact through a workflow on a virtual clock: `treadle simulate`.

The engine, the executor and the scheduler are the real ones, from activation to the last retry;
what this package puts under them is what they have in a deployment, made small: records in memory
for Postgres, a queue for NATS, a desk that writes down for the providers, and a clock that is set
instead of waited for. Nothing leaves the process. docs/adr/0024 has the reasons.
"""
