"""The kernel shared by the services: plumbing without business rules."""
