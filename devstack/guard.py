"""Becomes another program that cannot outlive its parent.

Run by path with a bare interpreter (`python -I -S guard.py SIGNAL PARENT UID GID PROGRAM ARG...`),
it asks the kernel for SIGNAL at the parent's death, drops to UID and GID when they are not "-", and
executes PROGRAM in its own place. A `kill -9` of the parent therefore leaves nothing running, which
no clean-up code of the parent could promise. It is a program of its own because `preexec_fn` is not
safe in a process that has threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Drop privileges, tie this process to its parent, and become the program."""
    signal_number, parent, uid, gid, *command = argv
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After the change of user, because that clears the setting: prctl(2).
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), "prctl")
    # The parent may have died before the kernel was asked.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the whole point, and there is no shell to avoid


if __name__ == "__main__":
    main(sys.argv[1:])
