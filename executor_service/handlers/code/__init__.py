"""Actions that run code of the account's own."""
