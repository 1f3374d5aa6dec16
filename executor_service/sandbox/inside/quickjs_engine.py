"""The second engine: QuickJS-ng by way of C, in the `quickjs-ng` package.

Its own module is used without the package around it, which starts a thread when it is imported:
a process with threads cannot be forked. It has no loader of modules.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

import _quickjs  # pyright: ignore[reportMissingModuleSource, reportMissingImports] - has no stubs

from executor_service.sandbox.inside.engine import (
    STACK_BYTES,
    Engine,
    EngineFailure,
    ModulesNotSupportedError,
    Send,
)

_JavaScriptError: Final = cast("type[Exception]", _quickjs.JSException)

# In its first lines, before those of any script.
_START: Final = """(() => {
  const send = globalThis.__send; delete globalThis.__send;
  const prelude = (PRELUDE); return (job) => prelude(job, send); })()"""


class _Context(Protocol):
    """What is used of `_quickjs.Context`."""

    def add_callable(self, name: str, function: object) -> None: ...

    def eval(self, code: str) -> Callable[[object], object]: ...

    def parse_json(self, text: str) -> object: ...

    def execute_pending_job(self) -> bool: ...

    def set_memory_limit(self, limit: int) -> None: ...

    def set_max_stack_size(self, limit: int) -> None: ...


class QuickjsEngine:
    """See `Engine`."""

    def __init__(self, heap_bytes: int) -> None:
        self._context = cast("_Context", _quickjs.Context())
        self._context.set_memory_limit(heap_bytes)
        self._context.set_max_stack_size(STACK_BYTES)
        self._receive: Callable[[object], object] | None = None

    def add_modules(self, modules: Mapping[str, str]) -> None:
        """See `Engine`."""
        if modules:
            raise ModulesNotSupportedError

    def start(self, prelude: str, job: Mapping[str, str | int], send: Send) -> None:
        """See `Engine`."""
        self._context.add_callable("__send", send)
        try:
            begin = self._context.eval(_START.replace("PRELUDE", prelude))
            receiver = begin(self._context.parse_json(json.dumps(job)))
        except _JavaScriptError as error:
            raise EngineFailure(str(error)) from error
        self._receive = cast("Callable[[object], object]", receiver)
        self._run()

    def deliver(self, message: str) -> None:
        """See `Engine`."""
        if self._receive is None:
            raise EngineFailure("the receiver is gone")
        try:
            self._receive(message)
        except _JavaScriptError as error:
            raise EngineFailure(str(error)) from error
        self._run()

    def _run(self) -> None:
        try:
            while self._context.execute_pending_job():
                pass
        except _JavaScriptError as error:
            raise EngineFailure(str(error)) from error


def make(heap_bytes: int) -> Engine:
    """See `EngineFactory`."""
    return QuickjsEngine(heap_bytes)
