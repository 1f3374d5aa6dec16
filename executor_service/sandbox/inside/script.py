"""One run, from the job in its first frame to its last one; in a process that has nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from executor_service.sandbox.inside.engine import (
    EngineFactory,
    EngineFailure,
    ModulesNotSupportedError,
)
from executor_service.sandbox.inside.frames import Channel, Kind
from executor_service.sandbox.limits import (
    MAX_CONSOLE_BYTES,
    MAX_CONSOLE_LINES,
    MAX_FETCHES,
    MAX_LINE_LENGTH,
    MAX_REQUEST_BYTES,
    MAX_RESULT_BYTES,
)

# Lines that are in front of the script: the engine's `async function anonymous(` and `) {`, and
# "use strict".
_HEADING_LINES: Final = 3
_OUT_OF_MEMORY: Final = ("InternalError", "out of memory")


class _LimitHitError(Exception):
    """The script went over a limit that it cannot catch its way around."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Prelude:
    """The JavaScript that comes before every script; read while there are files."""

    def __init__(self) -> None:
        text = (Path(__file__).parent / "prelude.js").read_text(encoding="utf-8")
        lines = text.splitlines()
        start = next(number for number, line in enumerate(lines) if not line.startswith("//"))
        self.source = "\n".join(lines[start:])


class ScriptRun:
    """Answers one job."""

    def __init__(self, channel: Channel, make: EngineFactory, prelude: Prelude) -> None:
        self._channel = channel
        self._make = make
        self._prelude = prelude
        self._lines = 0
        self._console_bytes = 0
        self._fetches = 0
        self._answers = 0
        self._ended = False

    def run(self, heap_bytes: int) -> None:
        """Reads the job, runs it and sends what came of it."""
        _, payload = self._channel.receive()
        try:
            self._run(json.loads(payload), heap_bytes)
        except _LimitHitError as error:
            self._fail(phase="limit", name=error.limit)
        except MemoryError:
            self._fail(phase="limit", name="memory")
        except ModulesNotSupportedError:
            self._fail(phase="modules")
        except EngineFailure as error:
            text = str(error)
            if "out of memory" in text:
                self._fail(phase="limit", name="memory")
            else:
                self._fail(phase="engine", message=text[:MAX_LINE_LENGTH])

    def _run(self, job: Mapping[str, Any], heap_bytes: int) -> None:
        engine = self._make(heap_bytes)
        engine.add_modules(job["modules"])
        texts = {
            "code": job["code"],
            "context": json.dumps(job["context"]),
            "limits": json.dumps({"lineLength": MAX_LINE_LENGTH, "headingLines": _HEADING_LINES}),
        }
        engine.start(self._prelude.source, texts, self._send)
        while not self._ended:
            if self._answers == self._fetches:
                self._fail(phase="stuck")
                return
            _, answer = self._channel.receive()
            self._answers += 1
            engine.deliver(answer.decode())

    def _send(self, kind: str, payload: str) -> None:
        """What the prelude calls."""
        if self._ended:
            return
        # A lone surrogate is no character; the host would not take it.
        data = payload.encode("utf-8", "replace")
        match kind:
            case "console":
                self._console(data)
            case "fetch":
                self._fetch(data)
            case "returned":
                if len(data) > MAX_RESULT_BYTES:
                    raise _LimitHitError("output")
                self._end(Kind.RETURNED, data)
            case "failed":
                self._failed(data)
            case _:
                pass

    def _console(self, data: bytes) -> None:
        self._lines += 1
        self._console_bytes += len(data)
        if self._lines <= MAX_CONSOLE_LINES and self._console_bytes <= MAX_CONSOLE_BYTES:
            self._channel.send(Kind.CONSOLE, data)

    def _fetch(self, data: bytes) -> None:
        self._fetches += 1
        if self._fetches > MAX_FETCHES:
            raise _LimitHitError("fetches")
        if len(data) > MAX_REQUEST_BYTES:
            raise _LimitHitError("request")
        self._channel.send(Kind.FETCH, data)

    def _failed(self, data: bytes) -> None:
        said = json.loads(data)
        if (said["name"], said["message"]) == _OUT_OF_MEMORY:
            said["phase"] = "limit"
            said["name"] = "memory"
            data = json.dumps(said).encode()
        self._end(Kind.FAILED, data)

    def _fail(self, *, phase: str, name: str = "", message: str = "") -> None:
        if not self._ended:
            said = {
                "phase": phase,
                "name": name,
                "message": message,
                "line": 0,
                "column": 0,
                "network": False,
            }
            self._end(Kind.FAILED, json.dumps(said).encode())

    def _end(self, kind: Kind, data: bytes) -> None:
        self._ended = True
        self._channel.send(kind, data)
