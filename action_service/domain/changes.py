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
        name
        for name in dict.fromkeys([*before, *after])
        if not is_same(before.get(name), after.get(name))
    ]
    return Difference(
        {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}
    )


def is_same(before: Json, after: Json) -> bool:
    """Whether they are the same JSON: to Python true is 1."""
    match before, after:
        case dict(), dict():
            return before.keys() == after.keys() and all(
                is_same(value, after[name]) for name, value in before.items()
            )
        case list(), list():
            return len(before) == len(after) and all(map(is_same, before, after))
        case _:
            return before == after and isinstance(before, bool) == isinstance(after, bool)
