"""Runs the attempts of one or more action categories; has no database of its own."""
