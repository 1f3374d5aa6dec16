"""A real workflow for some 300 contacts through every service, checked to the last message."""
