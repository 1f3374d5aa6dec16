"""Starts the fork server: `boot(fd, engine)`, in a process with an empty environment.

Says over the socket how far it got: the isolation that it has, or why it has none.
"""

import json
import signal
import socket
from contextlib import suppress
from pathlib import Path

from executor_service.sandbox.inside import kernel
from executor_service.sandbox.inside.confinement import Confinement
from executor_service.sandbox.inside.engine import EngineFactory, load
from executor_service.sandbox.inside.script import Prelude
from executor_service.sandbox.inside.server import ForkServer


def boot(fd: int, engine: str) -> None:
    """Serves the executor at the other end of the socket until that is closed."""
    control = socket.socket(fileno=fd)
    _be_the_first_to_go()
    # Whoever stops the executor from a terminal stops it, not its runs: those end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        kernel.check_supported()
        make = load(engine)
        _warm_up(make)
        prelude = Prelude()
        confinement = Confinement()
    except (ImportError, KeyError, OSError) as error:
        control.send(json.dumps({"refused": f"{type(error).__name__}: {error}"}).encode())
        return
    # Not before: a process that changes its ids loses this.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    ready = {
        "isolation": confinement.isolation,
        "problem": confinement.problem,
        "landlock": confinement.landlock,
    }
    control.send(json.dumps(ready).encode())
    ForkServer(control, confinement, make, prelude).serve()


def _be_the_first_to_go() -> None:
    """Where memory is short, the kernel ends runs, the largest first, and not the executor."""
    # Not where there is no such file: it is a help, no wall.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _warm_up(make: EngineFactory) -> None:
    """Has everything loaded that a run needs: it will not be able to open a file."""
    said: list[tuple[str, str]] = []
    engine = make(16 * 1024 * 1024)
    engine.add_modules({})

    def send(kind: str, texts: str) -> None:
        said.append((kind, texts))

    engine.start("(job, send) => (text) => send('said', text)", {}, send)
    engine.deliver("warm")
    if said != [("said", "warm")]:
        raise ImportError("the engine does not work")
