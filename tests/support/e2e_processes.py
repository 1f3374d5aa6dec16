"""What can befall a process."""

import os
import signal

from devstack.processes import Service

# What a process had in hand when it was killed comes back when the 30 s are over that the server
# waits for its answer.
AFTER_ACK_WAIT = 75.0


def freeze(service: Service) -> None:
    """Stop a process in its tracks: what is sent to it from now on it holds without any answer."""
    os.kill(service.pid, signal.SIGSTOP)
