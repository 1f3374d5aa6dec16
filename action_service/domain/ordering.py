"""The order of actions on one path: where a new one goes, what a reorder may be, who links to whom.

A path is the main line of a workflow or one of its branches. Positions count from 1 without gaps
and are what counts; the links to the neighbours follow from them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderProblem:
    """What is wrong with one field of an order asked for."""

    field: str
    description: str


class OrderError(Exception):
    """The order asked for cannot be."""

    def __init__(self, *problems: OrderProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.description}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Link:
    """An action's place on its path."""

    id: UUID
    position: int
    previous_id: UUID | None
    next_id: UUID | None


def insertion_index(path: Sequence[UUID], *, position: int | None, previous_id: UUID | None) -> int:
    """The index in `path` at which a new action goes; at the end when nothing is asked for.

    `position` counts from 1 and may be one past the end. Raises OrderError when it is out of
    bounds, when `previous_id` is not on the path, and when the two do not agree.
    """
    if previous_id is not None and previous_id not in path:
        raise OrderError(OrderProblem("previous_action_id", "no such action on this path"))
    if position is not None and not 1 <= position <= len(path) + 1:
        raise OrderError(OrderProblem("position", f"must be between 1 and {len(path) + 1}"))
    if previous_id is None:
        return len(path) if position is None else position - 1
    index = path.index(previous_id) + 1
    if position is not None and position != index + 1:
        raise OrderError(
            OrderProblem("position", f"previous_action_id asks for position {index + 1}"),
            OrderProblem("previous_action_id", f"is not the action before position {position}"),
        )
    return index


def inserted(path: Sequence[UUID], index: int, new_id: UUID) -> tuple[UUID, ...]:
    """The path with `new_id` at `index`."""
    return (*path[:index], new_id, *path[index:])


def removed(path: Sequence[UUID], gone: UUID) -> tuple[UUID, ...]:
    """The path without `gone`; its neighbours close up."""
    return tuple(each for each in path if each != gone)


def reordered(path: Sequence[UUID], wanted: Sequence[UUID]) -> tuple[UUID, ...]:
    """The path in the order of `wanted`, which must name each of its actions once.

    Raises OrderError with every id that is missing, foreign or named twice.
    """
    problems = [
        OrderProblem(f"action_ids[{index}]", "no such action on this path")
        for index, each in enumerate(wanted)
        if each not in path
    ]
    problems += [
        OrderProblem("action_ids", f"{each} is named {count} times")
        for each, count in Counter(wanted).items()
        if count > 1
    ]
    named = set(wanted)
    problems += [
        OrderProblem("action_ids", f"{each} is missing") for each in path if each not in named
    ]
    if problems:
        raise OrderError(*problems)
    return tuple(wanted)


def links(path: Sequence[UUID]) -> tuple[Link, ...]:
    """The place of every action of the path."""
    last = len(path) - 1
    return tuple(
        Link(
            id=each,
            position=index + 1,
            previous_id=path[index - 1] if index > 0 else None,
            next_id=path[index + 1] if index < last else None,
        )
        for index, each in enumerate(path)
    )
