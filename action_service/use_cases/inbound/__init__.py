"""Reads what providers post: a module for each, and what they share."""
