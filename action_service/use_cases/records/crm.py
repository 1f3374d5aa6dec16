"""Tags and declarations of custom fields, tasks and notes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from action_service.domain.record import Record, text_in
from action_service.use_cases.ports import Writer
from action_service.use_cases.records.kind import Draft, RecordKind
from action_service.use_cases.records.ports import NOW
from common.catalogue.kinds import check_kind
from common.errors import FieldViolation
from treadle.record.v1 import custom_field_pb2, note_pb2, tag_pb2, task_pb2

_OPEN = "open"


async def _settle_custom_field(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    name = text_in(draft.values, "name")
    if draft.before is None and name and check_kind("custom_fields", name):
        return [FieldViolation("name", "must be letters, digits, _ or -, and begin with no digit")]
    return ()


async def _settle_task(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    if draft.changes("status"):
        is_open = draft.values.get("status") == _OPEN
        draft.values["completed_at"] = None if is_open else NOW
    assignee = text_in(draft.values, "assignee_id")
    if assignee and draft.changes("assignee_id"):
        user = await tx.records.get("user", UUID(assignee))
        if user is not None and not user.values["is_active"]:
            return [FieldViolation("assignee_id", "is of a user who is not active")]
    return ()


async def _settle_note(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    draft.values["author"] = tx.actor
    return ()


def _note_added(tx: Writer, before: Record | None, after: Record) -> None:
    note = after.values
    data = {"note_id": str(after.id), "note_type": note["note_type"]}
    tx.emit("note_added", UUID(text_in(note, "contact_id")), data)


TAG: Final = RecordKind(tag_pb2.Tag, "tags", by_name=True, way_out="take the tag off them first")
CUSTOM_FIELD: Final = RecordKind(
    custom_field_pb2.CustomField,
    "custom_fields",
    by_name=True,
    settle=_settle_custom_field,
)
TASK: Final = RecordKind(
    task_pb2.Task,
    "tasks",
    defaults={"priority": "medium", "status": _OPEN},
    settle=_settle_task,
)
NOTE: Final = RecordKind(
    note_pb2.Note,
    "notes",
    defaults={"note_type": "general"},
    settle=_settle_note,
    announce=_note_added,
)
