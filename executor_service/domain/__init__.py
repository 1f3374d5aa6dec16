"""Decisions of the executor, free of I/O: outcomes, error classes, quiet hours."""
