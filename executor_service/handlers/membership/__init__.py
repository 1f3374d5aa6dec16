"""Actions of the `membership` category: they change our own records, by effects."""
