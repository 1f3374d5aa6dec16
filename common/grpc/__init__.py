"""gRPC plumbing: one server and one way of calling, so that services decide these things once."""
