"""What is held of a person, given to them and erased."""
