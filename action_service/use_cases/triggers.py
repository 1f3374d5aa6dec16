"""Setting a workflow's triggers: every field checked, so that what is stored can be acted on."""

import math
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from action_service.domain.changes import difference
from action_service.domain.event_types import EventType
from action_service.domain.plan import Json
from action_service.domain.triggers import (
    MAX_CONDITIONS,
    MAX_TRIGGERS,
    Condition,
    Operator,
    ReEntry,
    Trigger,
    triggers_json,
)
from action_service.domain.workflow import Workflow
from action_service.use_cases.checks import text_violations
from action_service.use_cases.drafts import open_draft, workflow_changed
from action_service.use_cases.events import event_types, unknown_type
from action_service.use_cases.ports import Writer
from common.errors import FieldViolation, invalid
from common.wording import hint

_MAX_PATH = 200
_MAX_TEXT = 1_000
_MAX_CHOICES = 100


async def set_triggers(
    tx: Writer, workflow_id: UUID, triggers: Sequence[Trigger], re_entry: ReEntry, *, etag: str
) -> Workflow:
    """Replaces the triggers and the re-entry rule; refuses what no event could ever meet."""
    before = await open_draft(tx, workflow_id, etag=etag)
    found = list(trigger_violations(triggers, await event_types(tx)))
    if found:
        raise invalid(found)
    changed = difference(
        {"triggers": triggers_json(before.triggers), "re_entry": before.re_entry.value},
        {"triggers": triggers_json(triggers), "re_entry": re_entry.value},
    )
    if not changed:
        return before
    after = await tx.workflows.set_triggers(workflow_id, triggers, re_entry)
    tx.record(workflow_changed("workflow.triggers_set", workflow_id, changed.before, changed.after))
    return after


def trigger_violations(
    triggers: Sequence[Trigger], types: Mapping[str, EventType]
) -> Iterator[FieldViolation]:
    """What no event of these types could ever meet."""
    if len(triggers) > MAX_TRIGGERS:
        yield FieldViolation(
            "triggers", f"must have at most {MAX_TRIGGERS} items, not {len(triggers):,}"
        )
        return
    for index, trigger in enumerate(triggers):
        place = f"triggers[{index}]"
        event_type = types.get(trigger.event_type)
        if event_type is None:
            problem = unknown_type(trigger.event_type, types)
            yield FieldViolation(f"{place}.event_type", problem)
        if len(trigger.conditions) > MAX_CONDITIONS:
            yield FieldViolation(
                f"{place}.conditions",
                f"must have at most {MAX_CONDITIONS} items, not {len(trigger.conditions):,}",
            )
            continue
        for at, condition in enumerate(trigger.conditions):
            yield from _of_condition(f"{place}.conditions[{at}]", condition, event_type)


def _of_condition(
    place: str, condition: Condition, event_type: EventType | None
) -> Iterator[FieldViolation]:
    path, operator = condition.field, condition.operator
    unfit = list(text_violations(f"{place}.field", path, max_length=_MAX_PATH, required=True))
    yield from unfit
    if event_type is not None and not unfit:
        if event_type.has_holder(path):
            if operator.takes_value:
                yield FieldViolation(
                    f"{place}.operator",
                    f"must be is_set or is_not_set, for {path} holds the values before and after;"
                    f" compare {path}.after",
                )
        elif not event_type.has_value(path):
            yield FieldViolation(f"{place}.field", _unknown_field(path, event_type))
    problem = _value_problem(operator, condition.value)
    if problem is not None:
        yield FieldViolation(f"{place}.value", problem)


def _unknown_field(path: str, event_type: EventType) -> str:
    near = hint(path, event_type.all_fields)
    known = f"; its fields are {', '.join(event_type.fields)}"
    return f"is not a field of {event_type.name}{near or known}"


def _value_problem(operator: Operator, value: Json) -> str | None:
    """What is wrong with a condition's value; None when nothing is."""
    if not operator.takes_value:
        return None if value is None else f"must be left out, for {operator.value} takes none"
    if value is None:
        return f"is required with {operator.value}"
    if operator is not Operator.ONE_OF:
        return _scalar_problem(value)
    if not isinstance(value, list) or not value:
        return "must be a list of at least one value"
    if len(value) > _MAX_CHOICES:
        return f"must have at most {_MAX_CHOICES} items, not {len(value):,}"
    problems = (problem for item in value if (problem := _scalar_problem(item)) is not None)
    return next((f"has an item that {problem}" for problem in problems), None)


def _scalar_problem(value: Json) -> str | None:
    match value:
        case str():
            if len(value) > _MAX_TEXT:
                return f"must have at most {_MAX_TEXT:,} characters, not {len(value):,}"
            return "must not contain a NUL character" if "\0" in value else None
        case float() if not math.isfinite(value):
            return "must be a finite number"
        case bool() | int() | float():
            return None
        case _:
            return "must be text, a number, true or false"
