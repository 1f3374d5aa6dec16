"""A real browser without a window, told what to do over the pipe that it has for that.

No driver package: the few calls of the DevTools protocol that a form needs are written to one file
descriptor and answered on another, each message ended by a NUL byte.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

import pytest

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# Chromium reads commands from descriptor 3 and writes answers to 4.
_BECOME: Final = (
    "import os, sys; given = sys.argv[1:]; os.dup2(int(given[0]), 3); os.dup2(int(given[1]), 4); "
    "os.execv(given[2], given[2:])"
)


class Browser:
    """One tab. A context manager, which ends the browser."""

    def __init__(self) -> None:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
        if found is None:
            pytest.skip("there is no browser on this machine")
        self._folder = tempfile.TemporaryDirectory(prefix="treadle-browser-")
        self._numbers = count(1)
        self._unread = b""
        commands, self._write = _pipe()
        self._read, answers = _pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _BECOME, str(commands), str(answers), found),
                *("--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server"),
                f"--user-data-dir={self._folder.name}",
                "--remote-debugging-pipe",
            ],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str = attached["sessionId"]
        self._call("Page.enable")

    _session = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()

    def open(self, url: str) -> None:
        """Goes to a page and waits until it is there."""
        self._call("Page.navigate", url=url)
        self._until("Page.loadEventFired")

    def value(self, script: str) -> Any:
        """What an expression of JavaScript is in the page."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def submit(self, script: str) -> None:
        """Runs a script that leads to another page, and waits until that is there."""
        self.value(script)
        self._until("Page.loadEventFired")

    def _call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _until(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            piece = os.read(self._read, 65_536)
            assert piece, "the browser has ended"
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


def _pipe() -> tuple[int, int]:
    """Descriptors far from those that the browser wants."""
    near = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in near)
    for end in near:
        os.close(end)
    return reading, writing
