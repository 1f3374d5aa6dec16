"""Which events start a workflow, and whether a contact may enter it once more.

A trigger names a type of event and conditions on the event's data. A workflow starts at most once
for an event, however many of its triggers match. Loops between workflows end by themselves: an
event knows the executions that led to it, and a workflow that occurs in them often enough is not
started again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import cast

from action_service.domain.messages import AUTOMATIC, AUTOMATIC_TYPES
from action_service.domain.plan import Json

MAX_TRIGGERS = 20
MAX_CONDITIONS = 20
# How often a workflow may occur in the chain of executions that leads to one of its own.
MAX_DEPTH = 5
# An event is dated when its transaction begins and counts when that commits; longer than this no
# transaction of ours lasts.
COMMIT_TIME = timedelta(minutes=1)

_NUMERAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class Operator(StrEnum):
    """How a condition looks at a value."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    ONE_OF = "one_of"
    CONTAINS = "contains"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"

    @property
    def takes_value(self) -> bool:
        """Whether a condition with it says what to compare with."""
        return self not in (Operator.IS_SET, Operator.IS_NOT_SET)


class ReEntry(StrEnum):
    """Whether a trigger may start a contact that has been in the workflow before."""

    ONCE = "once"
    AFTER_FINISHED = "after_finished"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Condition:
    """What one value of an event's data must be; `value` is a list for ONE_OF."""

    field: str
    operator: Operator = Operator.EQUALS
    value: Json = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Events of a type whose data meet all conditions."""

    event_type: str
    conditions: tuple[Condition, ...] = ()


class Entry(Enum):
    """Whether an event starts a workflow for its contact; the value says why."""

    START = "it starts"
    ENTERED_BEFORE = "the contact has been in the workflow, which takes everybody once"
    UNDER_WAY = "the contact is in the workflow, which takes them again when they are through"
    TOO_DEEP = f"the workflow has led to itself {MAX_DEPTH} times in a row"


def entry_decision(re_entry: ReEntry, *, open_run: bool, any_run: bool, depth: int) -> Entry:
    """Whether the contact enters.

    `open_run` and `any_run` say whether an execution of the workflow for the contact is under way,
    and whether there has ever been one. `depth` is how often the workflow occurs in the event's
    chain of origin.
    """
    if re_entry is ReEntry.ONCE and any_run:
        return Entry.ENTERED_BEFORE
    if re_entry is ReEntry.AFTER_FINISHED and open_run:
        return Entry.UNDER_WAY
    return Entry.TOO_DEEP if depth >= MAX_DEPTH else Entry.START


def is_heard(occurred_at: datetime, active_since: datetime) -> bool:
    """Whether an event is for a workflow that has become active at `active_since`.

    What piled up before, while nobody handled events, is not. In doubt an event is heard.
    """
    return occurred_at >= active_since - COMMIT_TIME


def matches(trigger: Trigger, data: Mapping[str, Json]) -> bool:
    """Whether an event of the trigger's type with this data sets it off.

    What a program has opened or clicked does so only where a condition speaks of that.
    """
    is_automatic = trigger.event_type in AUTOMATIC_TYPES and data.get(AUTOMATIC) is True
    if is_automatic and all(each.field != AUTOMATIC for each in trigger.conditions):
        return False
    return all(_holds(condition, data) for condition in trigger.conditions)


def value_at(data: Mapping[str, Json], path: str) -> Json:
    """The value at a path such as `changes.custom_fields.plan.after`; None when there is none.

    A name with dots in it is found as a whole before its parts are: the longest name wins.
    """
    return next(_values_at(data, path), None)


def _values_at(data: Mapping[str, Json], path: str) -> Iterator[Json]:
    end = len(path)
    while end > 0:
        inner = data.get(path[:end])
        if end == len(path) and path in data:
            yield inner
        elif isinstance(inner, dict):
            yield from _values_at(inner, path[end + 1 :])
        end = path.rfind(".", 0, end)


def _holds(condition: Condition, data: Mapping[str, Json]) -> bool:
    found, wanted = value_at(data, condition.field), condition.value
    match condition.operator:
        case Operator.EQUALS:
            return _same(found, wanted)
        case Operator.NOT_EQUALS:
            return not _same(found, wanted)
        case Operator.ONE_OF:
            return isinstance(wanted, list) and any(_same(found, each) for each in wanted)
        case Operator.CONTAINS:
            return _contains(found, wanted)
        case Operator.IS_SET:
            return _is_set(found)
        case Operator.IS_NOT_SET:
            return not _is_set(found)


def _same(found: Json, wanted: Json) -> bool:
    """Texts are compared as they are; numbers as numbers, also where one is written as text."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) and isinstance(wanted, str):
        return found == wanted
    left, right = _number(found), _number(wanted)
    return left is not None and left == right


def _number(value: Json) -> int | float | None:
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMERAL.fullmatch(value):
        return float(value)
    return None


def _contains(found: Json, wanted: Json) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted.casefold() in found.casefold()
    return isinstance(found, list) and any(_same(item, wanted) for item in found)


def _is_set(found: Json) -> bool:
    """False for null, an empty text, an empty list or object; 0 and false are values."""
    return found is not None and found not in ("", [], {})


def triggers_json(triggers: Sequence[Trigger]) -> list[Json]:
    """As stored in `workflows.triggers`, and as the audit log shows them."""
    return [
        {
            "event_type": trigger.event_type,
            "conditions": [_condition_json(condition) for condition in trigger.conditions],
        }
        for trigger in triggers
    ]


def triggers_from(stored: Sequence[Json]) -> tuple[Trigger, ...]:
    """What `triggers_json` made."""
    return tuple(_trigger(cast("dict[str, Json]", each)) for each in stored)


def _condition_json(condition: Condition) -> dict[str, Json]:
    shown: dict[str, Json] = {"field": condition.field, "operator": condition.operator.value}
    if condition.operator.takes_value:
        shown["value"] = condition.value
    return shown


def _trigger(stored: dict[str, Json]) -> Trigger:
    conditions = cast("list[dict[str, Json]]", stored["conditions"])
    return Trigger(
        cast("str", stored["event_type"]),
        tuple(
            Condition(
                cast("str", each["field"]),
                Operator(cast("str", each["operator"])),
                each.get("value"),
            )
            for each in conditions
        ),
    )
