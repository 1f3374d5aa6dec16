"""A real workflow for some 300 contacts, checked to the last message and record."""
