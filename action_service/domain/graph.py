"""Whether the ways through a workflow can run in a circle.

An execution goes from each action to the next of its path, into a branch from the branch's parent,
and by `on_error = fallback` anywhere. Only fallbacks can close a circle, so they are checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FallbackProblem:
    """Why the fallback of `action_id` cannot be."""

    action_id: UUID
    description: str


def fallback_problems(
    paths: Mapping[UUID | None, Sequence[UUID]],
    *,
    branch_parents: Mapping[UUID, UUID],
    fallbacks: Mapping[UUID, UUID],
) -> tuple[FallbackProblem, ...]:
    """Every fallback that points nowhere or leads back to where it came from.

    `paths` are the ids in order by branch (None: the main path), `branch_parents` the action that
    leads into each branch, `fallbacks` the target by action.
    """
    edges = _edges(paths, branch_parents, fallbacks)
    problems: list[FallbackProblem] = []
    for source, target in fallbacks.items():
        if target not in edges:
            problems.append(FallbackProblem(source, "no such action in this workflow"))
        elif target == source:
            problems.append(FallbackProblem(source, "an action cannot be its own fallback"))
        elif _reaches(edges, target, source):
            problems.append(
                FallbackProblem(
                    source, f"{target} leads back to {source}; choose an action that comes later"
                )
            )
    return tuple(problems)


def _edges(
    paths: Mapping[UUID | None, Sequence[UUID]],
    branch_parents: Mapping[UUID, UUID],
    fallbacks: Mapping[UUID, UUID],
) -> dict[UUID, list[UUID]]:
    edges: dict[UUID, list[UUID]] = {each: [] for path in paths.values() for each in path}
    for path in paths.values():
        for each, following in pairwise(path):
            edges[each].append(following)
    for branch_id, parent in branch_parents.items():
        path = paths.get(branch_id)
        if path and parent in edges:
            edges[parent].append(path[0])
    for source, target in fallbacks.items():
        if source in edges and target in edges:
            edges[source].append(target)
    return edges


def _reaches(edges: Mapping[UUID, Sequence[UUID]], start: UUID, goal: UUID) -> bool:
    seen: set[UUID] = set()
    open_ends = [start]
    while open_ends:
        here = open_ends.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            open_ends.extend(edges[here])
    return False
