"""Small disks of servers' own, which can be filled without a byte and emptied again."""

import os
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

_BYTES: Final = 2 * 1024 * 1024 * 1024
"""More than a long run needs; memory is taken for what is in use alone."""
_TRIES: Final = 20


@contextmanager
def small_disk(folder: Path) -> Generator[str | None]:
    """A disk of its own for a folder, if the machine lets us; else says why not.

    All that is on it goes with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as mounted:
        reason = _mount(folder, f"size={_BYTES},mode=700")
        if reason is None:
            # Lazily: a server that is still ending may hold a file.
            mounted.callback(_run, "umount", "--lazy", str(folder))
        yield reason


def is_small(folder: Path) -> bool:
    """Whether it has a disk of its own."""
    return os.path.ismount(folder)


@contextmanager
def no_room(folder: Path) -> Generator[None]:
    """Takes all room from a small disk: it becomes as small as what is on it."""
    for _ in range(_TRIES):
        disk = os.statvfs(folder)
        # Of no size at all would mean without a limit.
        used = max(disk.f_blocks - disk.f_bfree, 1) * disk.f_frsize
        # Somebody may have written since: it is never made smaller than what it holds.
        if _mount(folder, f"remount,size={used}") is None:
            break
    else:
        raise RuntimeError(f"{folder} cannot be filled up")
    try:
        yield
    finally:
        if (reason := _mount(folder, f"remount,size={_BYTES}")) is not None:
            raise RuntimeError(f"{folder} stays full: {reason}")


def _mount(folder: Path, options: str) -> str | None:
    if os.geteuid() != 0:
        return "mounting a small disk takes root"
    return _run("mount", "-t", "tmpfs", "-o", options, "treadle-chaos", str(folder))


def _run(*command: str) -> str | None:
    """Why it did not work."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return (done.stderr.strip() or f"{command[0]} failed") if done.returncode else None
