"""Free loopback ports."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port that was free on the loopback address a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
