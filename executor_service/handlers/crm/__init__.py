"""Actions of the `crm` category: they change our own records, by effects."""
