"""The gRPC face of the API: requests become commands, results become responses."""
