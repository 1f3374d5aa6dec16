"""Becomes another program that cannot outlive its parent.

Run by path with a bare interpreter, `python -I -S guard.py SIGNAL PARENT UID GID ALIAS PROGRAM
ARG...`, it asks the kernel for SIGNAL at the parent's death, drops to UID and GID, looks to the
program as if it were the user ALIAS, and executes PROGRAM in its own place; "-" leaves a step out.
A `kill -9` of the parent therefore leaves nothing running, which no clean-up code of the parent
could promise. It is a program of its own because `preexec_fn` is not safe in a process that has
threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main(argv: list[str]) -> None:
    """Drop privileges, tie this process to its parent, and become the program."""
    signal_number, parent, uid, gid, alias, *command = argv
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if alias != "-":
        appear_as(int(alias))
    # After the change of user, because that clears the setting: prctl(2).
    if sys.platform == "linux":
        call("prctl", PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    # The parent may have died before the kernel was asked.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the whole point, and there is no shell to avoid


def appear_as(alias: int) -> None:
    """Enter a user namespace in which this process's user has another number.

    For programs that insist on a name for their user when the real one has none.
    """
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{alias} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - starts fast
            file.write(text)


def call(name: str, *arguments: int) -> None:
    """Call a function of the C library that answers 0 when all is well."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)


if __name__ == "__main__":
    main(sys.argv[1:])
