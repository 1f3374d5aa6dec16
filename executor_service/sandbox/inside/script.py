"""One run, from the job in its first frame to its last one; in a process that has nothing else.

What the prelude sends is made into frames here. It may be anything, for scripts can change what
the prelude works with; what leaves here keeps to the protocol.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from executor_service.sandbox.inside.engine import (
    EngineFactory,
    EngineFailure,
    ModulesNotSupportedError,
)
from executor_service.sandbox.inside.frames import Channel, Kind
from executor_service.sandbox.limits import (
    LEVELS,
    MAX_CONSOLE_BYTES,
    MAX_CONSOLE_LINES,
    MAX_FETCHES,
    MAX_HEADERS,
    MAX_LINE_LENGTH,
    MAX_PLACE,
    MAX_REQUEST_BYTES,
    MAX_RESULT_BYTES,
)

# What the engines call a script, and where in it something is.
_PLACE: Final = re.compile(r"<input>:(\d{1,9}):(\d{1,9})")
# Lines in front of the script: the engine's `async function anonymous(` and `) {`, "use strict".
_HEADING_LINES: Final = 3
_OUT_OF_MEMORY: Final = ("InternalError", "out of memory")
# Half of a pair, escaped: no character.
_SURROGATE: Final = re.compile(r"\\ud[89a-f]", re.IGNORECASE)


class Prelude:
    """The JavaScript that comes before every script; read while there are files.

    All in one line: an engine may call it what it calls the script, whose lines come later.
    """

    def __init__(self) -> None:
        text = (Path(__file__).parent / "prelude.js").read_text(encoding="utf-8")
        lines = (line.strip() for line in text.splitlines())
        self.source = " ".join(line for line in lines if not line.startswith("//"))


class ScriptRun:
    """Answers one job, and ends the process with the last word of it."""

    def __init__(self, channel: Channel, make: EngineFactory, prelude: Prelude) -> None:
        self._channel = channel
        self._make = make
        self._prelude = prelude
        self._lines = 0
        self._console_bytes = 0
        self._fetches = 0
        self._answers = 0

    def run(self, heap_bytes: int) -> NoReturn:
        """Reads the job, runs it and sends what came of it."""
        try:
            _, payload = self._channel.receive()
            self._run(json.loads(payload), heap_bytes)
        except MemoryError:
            self._fail("limit", name="memory")
        except ModulesNotSupportedError:
            self._fail("modules")
        except EngineFailure as error:
            if "out of memory" in str(error):
                self._fail("limit", name="memory")
            self._fail("engine", message=str(error)[:MAX_LINE_LENGTH])
        self._fail("stuck")

    def _run(self, job: Mapping[str, Any], heap_bytes: int) -> None:
        """Returns when there is nothing left to wait for."""
        engine = self._make(heap_bytes)
        engine.add_modules(job["modules"])
        given: dict[str, str | int] = {
            "code": job["code"],
            "context": json.dumps(job["context"]),
            "line_length": MAX_LINE_LENGTH,
        }
        engine.start(self._prelude.source, given, self._send)
        while self._answers < self._fetches:
            _, answer = self._channel.receive()
            self._answers += 1
            engine.deliver(answer.decode())

    def _send(self, kind: str, texts: str) -> None:
        """What the prelude calls; the texts are JSON, with commas between them."""
        match kind, [_text(each) for each in json.loads(f"[{texts}]")]:
            case "console", [level, line]:
                self._console(level, line)
            case "fetch", [number, url, method, fields, has_body, body]:
                self._fetch(number, url, method, fields, body if has_body else None)
            case "returned", [text]:
                self._return(text)
            case "failed", [phase, name, message, stack, network]:
                self._fail(phase, name, message, stack, network=bool(network))
            case _:
                self._fail("engine", message="the script has changed what it is run with")

    def _console(self, level: str, text: str) -> None:
        said = {"level": level if level in LEVELS else "info", "text": text[:MAX_LINE_LENGTH]}
        self._lines += 1
        self._console_bytes += len(said["text"])
        if self._lines <= MAX_CONSOLE_LINES and self._console_bytes <= MAX_CONSOLE_BYTES:
            self._channel.send(Kind.CONSOLE, json.dumps(said).encode())

    def _fetch(self, number: str, url: str, method: str, fields: str, body: str | None) -> None:
        if self._fetches == MAX_FETCHES:
            self._fail("limit", name="fetches")
        next_number = self._fetches + 1
        names_and_values = fields.split("\0", 2 * MAX_HEADERS + 2)
        if len(names_and_values) > 2 * MAX_HEADERS + 1:
            self._fail("limit", name="request")
        request = {
            # The script cannot give it; it only says whom the answer is for.
            "id": next_number if number == str(next_number) else 0,
            "url": url,
            "method": method,
            "headers": list(zip(names_and_values[::2], names_and_values[1::2], strict=False)),
            "body": body,
        }
        data = json.dumps(request, ensure_ascii=False).encode()
        if len(data) > MAX_REQUEST_BYTES:
            self._fail("limit", name="request")
        self._channel.send(Kind.FETCH, data)
        # Not before: where memory is short, all of this may fail, and the script catch it.
        self._fetches = next_number

    def _return(self, text: str) -> NoReturn:
        if _SURROGATE.search(text):
            text = _text(json.dumps(json.loads(text), ensure_ascii=False))
        data = text.encode()
        if len(data) > MAX_RESULT_BYTES:
            self._fail("limit", name="output")
        self._end(Kind.RETURNED, data)

    def _fail(
        self,
        phase: str,
        name: str = "",
        message: str = "",
        stack: str = "",
        *,
        network: bool = False,
    ) -> NoReturn:
        if (name, message) == _OUT_OF_MEMORY:
            phase, name = "limit", "memory"
        # What cannot be JSON is noticed when the script is over: nowhere in it.
        line, column = (0, 0) if phase == "result" else _place(stack)
        said = {
            "phase": phase,
            "name": name[:MAX_LINE_LENGTH],
            "message": message[:MAX_LINE_LENGTH],
            "line": line,
            "column": column,
            "network": network,
        }
        self._end(Kind.FAILED, json.dumps(said).encode())

    def _end(self, kind: Kind, data: bytes) -> NoReturn:
        """Says it, and is gone once it is heard: no engine has to be talked into stopping."""
        self._channel.send(kind, data)
        try:
            self._channel.await_end()
        finally:
            os._exit(0)


def _text(value: object) -> str:
    """Without halves of characters, which UTF-8 does not have."""
    return str(value).encode("utf-8", "replace").decode()


def _place(stack: str) -> tuple[int, int]:
    """The line and column in the script, both from 1; zeros when they are not known."""
    for found in _PLACE.finditer(stack):
        line, column = int(found[1]) - _HEADING_LINES, int(found[2])
        if 0 < line <= MAX_PLACE and column <= MAX_PLACE:
            return line, column
    return 0, 0
