"""Seeds: what an account is to have, as a YAML file, and how it comes to have it."""
