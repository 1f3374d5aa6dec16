"""The engine of choice: QuickJS-ng by way of Rust (rquickjs), in the `jsbox` package.

Its `eval` stops at the first promise that is settled, so the methods are used that its own
`eval_async` is made of; `pyproject.toml` pins the version for that. The receiver waits for one
promise after another, which `deliver` settles.
"""

from collections.abc import Mapping
from typing import Final, Protocol, cast

import jsbox  # pyright: ignore[reportMissingTypeStubs] - it has none

from executor_service.sandbox.inside.engine import STACK_BYTES, Engine, EngineFailure, Send

_JavaScriptError: Final = cast("type[Exception]", jsbox.JavaScriptError)
# What one value may take on its way in or out; the protocol's own limits are far below.
_MAX_VALUE_BYTES: Final = 32 * 1024 * 1024

# Functions come as globals, and are gone before the script runs.
_START: Final = """
(async () => {
  const send = globalThis.__send, wait = globalThis.__wait, job = globalThis.__job;
  delete globalThis.__send;
  delete globalThis.__wait;
  delete globalThis.__job;
  const receive = (PRELUDE)(job, send);
  for (;;) receive(await wait());
})()
"""


class _Runtime(Protocol):
    """What is used of `jsbox.Runtime`."""

    def bind_function(self, name: str, func: object) -> None: ...

    def bind_object(self, name: str, value: object) -> None: ...

    def add_static_module(self, name: str, source: str) -> None: ...

    def _begin_async(self, code: str, timeout: float | None) -> None: ...

    def _poll(self) -> tuple[bool, list[tuple[int, object]]]: ...

    def _settle(self, id_: int, ok: bool, value: str) -> None: ...  # noqa: FBT001 - jsbox's own


class _Waiting:
    """Something awaited. It looks like a future, so that no event loop is asked for a task."""

    _asyncio_future_blocking = False

    def __await__(self) -> None:
        """Never called: what looks like a future is handed back by `_poll` as it is."""


class JsboxEngine:
    """See `Engine`."""

    def __init__(self, heap_bytes: int) -> None:
        self._runtime = cast(
            "_Runtime",
            jsbox.Runtime(
                memory_limit=heap_bytes,
                max_stack_size=STACK_BYTES,
                max_value_bytes=_MAX_VALUE_BYTES,
            ),
        )
        self._waiting: int | None = None

    def add_modules(self, modules: Mapping[str, str]) -> None:
        """See `Engine`."""
        for name, source in modules.items():
            self._runtime.add_static_module(name, source)

    def start(self, prelude: str, job: Mapping[str, str | int], send: Send) -> None:
        """See `Engine`."""
        self._runtime.bind_function("__send", send)
        self._runtime.bind_function("__wait", _Waiting)
        self._runtime.bind_object("__job", dict(job))
        # A script may not be told that it takes too long: its process is killed.
        self._runtime._begin_async(  # pyright: ignore[reportPrivateUsage]
            _START.replace("PRELUDE", prelude), None
        )
        self._run()

    def deliver(self, message: str) -> None:
        """See `Engine`."""
        if self._waiting is None:
            raise EngineFailure("the receiver is gone")
        self._runtime._settle(self._waiting, True, message)  # noqa: FBT003  # pyright: ignore[reportPrivateUsage]
        self._run()

    def _run(self) -> None:
        try:
            done, pending = self._runtime._poll()  # pyright: ignore[reportPrivateUsage]
        except _JavaScriptError as error:
            raise EngineFailure(str(error)) from error
        self._waiting = None if done else pending[0][0]


def make(heap_bytes: int) -> Engine:
    """See `EngineFactory`."""
    return JsboxEngine(heap_bytes)
