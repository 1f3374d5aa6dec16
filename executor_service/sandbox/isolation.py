"""How runs are kept apart from the machine that they run on."""

from enum import StrEnum


class Isolation(StrEnum):
    """The stronger first; each has all that is below it."""

    # Namespaces of their own, with an empty root and no network.
    NAMESPACES = "namespaces"
    # Seccomp, limits of resources, no file descriptors; Landlock where the kernel has it.
    SECCOMP = "seccomp"
