"""What a JavaScript engine must be able to do, and which ones there are.

Engines only compute: they get three functions, and every language feature beyond ECMAScript
itself is `prelude.js`'s, the same for all of them.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, Protocol

# What the engine's stack may take; the process's own is 8 MiB.
STACK_BYTES: Final = 1024 * 1024

# A kind, and texts in JSON with commas between them. It does not come back from what ends the run.
Send = Callable[[str, str], None]

_ENGINES: Final = {
    "jsbox": "executor_service.sandbox.inside.jsbox_engine",
    "quickjs-ng": "executor_service.sandbox.inside.quickjs_engine",
}


class EngineFailure(Exception):  # noqa: N818 - it is what happened to the engine, not to us
    """The engine gave up on a script where the script itself could not be told."""


class ModulesNotSupportedError(Exception):
    """This engine cannot import."""


class Engine(Protocol):
    """A fresh context in a fresh runtime."""

    def add_modules(self, modules: Mapping[str, str]) -> None:
        """Makes ES modules importable by their names. Raises ModulesNotSupportedError."""
        ...

    def start(self, prelude: str, job: Mapping[str, str | int], send: Send) -> None:
        """Calls the function that `prelude` is with `job` and `send`; it returns the receiver.

        Runs until nothing is left to do before the receiver is called. Raises EngineFailure.
        """
        ...

    def deliver(self, message: str) -> None:
        """Calls the receiver, and again runs until nothing is left to do."""
        ...


class EngineFactory(Protocol):
    """Makes engines; called in each run's process."""

    def __call__(self, heap_bytes: int) -> Engine:
        """An engine whose scripts have so much memory."""
        ...


def load(name: str) -> EngineFactory:
    """The engine of this name, imported. Raises KeyError, or ImportError when it is not there."""
    factory: EngineFactory = import_module(_ENGINES[name]).make
    return factory
