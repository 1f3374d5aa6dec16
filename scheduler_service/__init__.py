"""Holds what must happen later: waits, and tasks that must not run yet."""
