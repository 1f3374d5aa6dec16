"""What a change changed, for the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass

from action_service.domain.plan import Json


@dataclass(frozen=True, slots=True)
class Difference:
    """The values that differ, by field, before and after."""

    before: dict[str, Json]
    after: dict[str, Json]

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


def difference(before: Mapping[str, Json], after: Mapping[str, Json]) -> Difference:
    """The fields that differ; one that is missing on a side counts as null there."""
    changed = [
        name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)
    ]
    return Difference(
        {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}
    )
