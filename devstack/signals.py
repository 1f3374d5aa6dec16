"""Turns the signals that end a foreground program into one exception."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_INTERRUPTED = 130


class Stopped(BaseException):
    """Somebody asked the program to stop. No error: it passes every `except Exception`."""


@contextmanager
def stoppable() -> Generator[None]:
    """Raise Stopped in the block at the first SIGINT, SIGTERM or SIGHUP.

    A second one means that stopping takes too long for somebody: the process ends at once, and the
    kernel ends its children.
    """
    asked = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            sys.stderr.flush()
            os._exit(_INTERRUPTED)
        asked = True
        raise Stopped

    # What a shell or nohup has had ignored stays so.
    previous = {
        number: signal.signal(number, on_signal)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
