"""What a template reads, found without rendering it.

The engine sends an action only the part of the context that its templates and its handler read;
these are the values that say which part.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

ROOTS = ("contact", "workflow", "execution", "account", "user", "steps", "event")

Path = tuple[str, ...]


def minimal(paths: Iterable[Path]) -> frozenset[Path]:
    """Drop every path that lies under another one."""
    kept: set[Path] = set()
    for path in sorted(set(paths), key=len):
        if not any(path[:length] in kept for length in range(1, len(path))):
            kept.add(path)
    return frozenset(kept)


@dataclass(frozen=True, slots=True)
class ContextNeeds:
    """The context paths that are read, as segments: `("contact", "custom_fields", "plan")`.

    A path means everything under it; `("contact",)` is the whole contact.
    """

    paths: frozenset[Path] = field(default_factory=lambda: frozenset[Path]())

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "ContextNeeds":
        """Build from any paths, keeping the shortest of those that overlap."""
        return cls(minimal(paths))

    def __or__(self, other: "ContextNeeds") -> "ContextNeeds":
        return ContextNeeds.of(self.paths | other.paths)

    @property
    def roots(self) -> frozenset[str]:
        """The roots that are read at all."""
        return frozenset(path[0] for path in self.paths)

    @property
    def contact_paths(self) -> frozenset[str]:
        """Contact fields that are read, dotted; `""` stands for the whole contact."""
        return frozenset(".".join(path[1:]) for path in self.paths if path[0] == "contact")

    @property
    def whole_contact(self) -> bool:
        """Whether any field of the contact may be read."""
        return ("contact",) in self.paths

    @property
    def uses_steps(self) -> bool:
        """Whether outputs of earlier steps are read."""
        return "steps" in self.roots

    @property
    def uses_event(self) -> bool:
        """Whether the event that started or resumed the run is read."""
        return "event" in self.roots

    @property
    def step_names(self) -> frozenset[str] | None:
        """Names or ids of the steps that are read; None when that is only known at run time."""
        if ("steps",) in self.paths:
            return None
        return frozenset(path[1] for path in self.paths if path[0] == "steps")

    def select(self, context: Mapping[str, object]) -> dict[str, object]:
        """Cut `context` down to what is read; paths that it lacks are left out."""
        chosen: dict[str, object] = {}
        for path in self.paths:
            _copy_path(context, path, chosen)
        return chosen


def _copy_path(source: Mapping[str, object], path: Path, target: dict[str, object]) -> None:
    head = path[0]
    if head not in source:
        return
    value = source[head]
    if len(path) == 1 or not isinstance(value, Mapping):
        target[head] = value
        return
    inner = target.setdefault(head, {})
    _copy_path(cast("Mapping[str, object]", value), path[1:], cast("dict[str, object]", inner))
