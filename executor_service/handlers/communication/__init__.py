"""Actions of the `communication` category: they reach the contact through a provider."""
