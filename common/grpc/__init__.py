"""gRPC plumbing: one server and one way of calling, so that no service decides these things anew."""
