"""Records: declared one by one, and read, made, changed and deleted in one way."""
