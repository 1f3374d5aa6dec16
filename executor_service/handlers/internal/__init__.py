"""Actions of the `internal` category: they call other systems of the account."""
