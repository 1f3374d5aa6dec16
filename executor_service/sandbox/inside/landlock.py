"""Landlock: no file, no TCP port, no signal or socket of others, whatever else may fail.

See landlock(7). A ruleset that handles everything and allows nothing; newer kernels know more to
handle.
"""

import ctypes
import os
from typing import Final

from executor_service.sandbox.inside import kernel

# The same numbers on every architecture.
_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_GIVE_VERSION: Final = 1

# Rights to files by the version that brought them: 13 with the first, then refer, truncate, ioctl.
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
# bind and connect.
_NET_RIGHTS: Final = {4: 0b11}
# abstract sockets, and signals, beyond those of the same ruleset.
_SCOPES: Final = {6: 0b11}


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def version() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    try:
        return kernel.call(
            _CREATE_RULESET,
            ctypes.c_void_p(None),
            ctypes.c_size_t(0),
            ctypes.c_uint32(_GIVE_VERSION),
        )
    except OSError:
        return 0


def restrict() -> int:
    """Forbids this process and its children everything; returns the version, 0 for none."""
    known = version()
    if not known:
        return 0
    rights = [_sum(each, known) for each in (_FILE_RIGHTS, _NET_RIGHTS, _SCOPES)]
    # An older kernel is told no more of the structure than it knows.
    size = 8 * (1 + (known >= min(_NET_RIGHTS)) + (known >= min(_SCOPES)))
    attributes = _RulesetAttr(*rights)
    none = ctypes.c_uint32(0)
    ruleset = kernel.call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), none)
    try:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.call(_RESTRICT_SELF, ctypes.c_int(ruleset), none)
    finally:
        os.close(ruleset)
    return known


def _sum(by_version: dict[int, int], known: int) -> int:
    return sum(rights for version, rights in by_version.items() if version <= known)
