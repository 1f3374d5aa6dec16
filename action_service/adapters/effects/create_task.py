"""SPEC-WFL-003 R3.9: a task for a user, linked to the contact and due by an offset."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from action_service.adapters.driver import Driver
from action_service.domain.retry import ErrorClass
from action_service.engine.effects import Applied, AppliedEffect
from common.clock import rfc3339
from common.ids import new_id_text
from treadle.catalog.v1.create_task_pb2 import CreateTaskConfig, TaskPriority

# Whoever is named, else the contact's owner; no user when there is none such in the account.
_ASSIGNEES = """
    SELECT u.id::text, COALESCE(u.is_active, false)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY
         AS v(account_id, contact_id, user_id, place)
    LEFT JOIN treadle.contacts c ON c.account_id = v.account_id AND c.id = v.contact_id
    LEFT JOIN treadle.users u
      ON u.account_id = v.account_id AND u.id = COALESCE(v.user_id, c.owner_id)
    ORDER BY v.place
    """
_INSERT = """
    INSERT INTO treadle.tasks (
        id, account_id, contact_id, title, description, assignee_id, priority, due_at,
        action_execution_id
    )
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
        $8::timestamptz[], $9::uuid[]
    )
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Creates the tasks; refuses an assignee who is not there, or not active."""
    assignees = await connection.fetch(
        _ASSIGNEES,
        [effect.account_id for effect in effects],
        [effect.contact_id for effect in effects],
        [effect.effect.create_task.assignee_id or None for effect in effects],
    )
    rows: list[tuple[object, ...]] = []
    for effect, (user_id, is_active) in zip(effects, assignees, strict=True):
        config = effect.effect.create_task
        if config.assignee_id and not is_active:
            applied.refuse(effect, ErrorClass.INVALID_CONFIG, _why_not(config, user_id))
            continue
        # An owner who has left does nobody's tasks.
        assignee_id = user_id if is_active else None
        task_id, due_at = new_id_text(), _due_at(config, effect.now)
        rows.append(
            (
                task_id,
                effect.account_id,
                effect.contact_id,
                config.title,
                config.description,
                assignee_id,
                TaskPriority.Name(config.priority).removeprefix("TASK_PRIORITY_").lower(),
                due_at,
                effect.action_execution_id,
            )
        )
        applied.output(effect, task_id=task_id, assignee_id=assignee_id or "")
        if due_at is not None:
            applied.output(effect, due_at=rfc3339(due_at))
    if rows:
        await connection.execute(_INSERT, *zip(*rows, strict=True))


def _why_not(config: CreateTaskConfig, user_id: str | None) -> str:
    named = config.assignee_id
    what = f"there is no user {named}" if user_id is None else f"user {named} is not active"
    return f"assignee_id: {what}; choose another"


def _due_at(config: CreateTaskConfig, now: datetime) -> datetime | None:
    if not config.HasField("due_date_offset"):
        return None
    offset = config.due_date_offset
    return now + timedelta(days=offset.days, hours=offset.hours)
